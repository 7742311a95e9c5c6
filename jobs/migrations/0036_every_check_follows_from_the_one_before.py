"""Numbers and seals for the checks. Their table is locked again by the next migration."""

from django.db import migrations, models

from accounts.append_only import unprotect


class Migration(migrations.Migration):
    dependencies = [("jobs", "0035_orphans_are_told_of")]
    operations = [
        unprotect("jobs_consentcheck"),
        migrations.AddField(
            "consentcheck",
            "number",
            models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            "consentcheck",
            "previous_sha256",
            models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            "consentcheck",
            "sha256",
            models.CharField(
                default="", help_text="Over all of it: the anchor of this run.", max_length=64
            ),
            preserve_default=False,
        ),
    ]
