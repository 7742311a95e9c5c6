"""Seals over what had none: a notice as a whole, a reviewer's decision, the flags for reviewers.

Seals made before keep their form, 1. The tables are locked again by the next migration.
"""

import django.utils.timezone
from django.db import migrations, models

from accounts.append_only import unprotect


class Migration(migrations.Migration):
    dependencies = [("jobs", "0024_what_a_hostile_gateway_does")]
    operations = [
        unprotect("jobs_consentevent", "jobs_consentnotice", "jobs_consentcheck"),
        migrations.AddField(
            "consentevent",
            "decision_sha256",
            models.CharField(
                blank=True,
                default="",
                help_text="Of the reviewer's decision that it tells of.",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "consentevent",
            "form",
            models.PositiveSmallIntegerField(
                default=1, help_text="Which form of the seal this is."
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            "consentnotice",
            "published_at",
            models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            "consentnotice",
            "seal",
            models.CharField(
                default="", help_text="Over all of it (`jobs.consent_chain`).", max_length=64
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            "consentcheck",
            "seals_sha256",
            models.CharField(help_text="Of all events up to that one.", max_length=64),
        ),
        migrations.AddField(
            "consentcheck",
            "young",
            models.JSONField(
                default=dict, help_text="Seals of the events after it, by number."
            ),
        ),
        migrations.AddField("consentcheck", "last_decision", models.BigIntegerField(default=0)),
        migrations.AddField(
            "consentcheck",
            "decisions_sha256",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            "consentcheck", "last_notice", models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(
            "consentcheck",
            "notices_sha256",
            models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
    ]
