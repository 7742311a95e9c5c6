"""Seal the notices there are, then lock the tables again."""

from django.db import migrations

from accounts.append_only import protect
from jobs import consent_chain


def seal(apps, schema_editor):
    for notice in apps.get_model("jobs", "ConsentNotice").objects.all():
        notice.seal = consent_chain.notice_sha256(notice)
        notice.save(update_fields=["seal"])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0025_every_word_is_sealed")]
    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop),
        protect("jobs_consentevent", "jobs_consentnotice", "jobs_consentcheck"),
    ]
