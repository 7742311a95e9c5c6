"""Number and seal the events there are, then lock their tables again."""

from django.db import migrations, models

from accounts.append_only import protect
from jobs import consent_chain


def seal(apps, schema_editor):
    Consent = apps.get_model("jobs", "Consent")
    for consent in Consent.objects.select_related("notice"):
        statement = consent_chain.statement_sha256(consent, form=1)
        previous = consent_chain.FIRST
        for number, event in enumerate(consent.events.order_by("pk"), start=1):
            event.number, event.previous_sha256 = number, previous
            event.sha256 = previous = consent_chain.event_sha256(
                event, statement=statement, form=1
            )
            event.save()


class Migration(migrations.Migration):
    dependencies = [("jobs", "0022_consents_on_record")]
    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.AlterField("consentevent", "number", models.PositiveIntegerField()),
        migrations.AlterField(
            "consentevent", "previous_sha256", models.CharField(max_length=64)
        ),
        migrations.AlterField("consentevent", "sha256", models.CharField(max_length=64)),
        migrations.AddConstraint(
            "consentevent",
            models.UniqueConstraint(
                fields=["consent", "number"], name="events_of_a_consent_are_numbered"
            ),
        ),
        protect(
            "jobs_consentevent",
            "jobs_consentnotice",
            "jobs_reviewdecision",
            "jobs_consentcheck",
        ),
    ]
