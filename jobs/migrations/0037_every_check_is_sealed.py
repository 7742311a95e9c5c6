"""Number and seal the checks there are, then lock their table again."""

from django.db import migrations, models

from accounts.append_only import protect
from jobs import consent_chain


def seal(apps, schema_editor):
    previous = consent_chain.FIRST
    checks = apps.get_model("jobs", "ConsentCheck").objects.order_by("pk")
    for number, check in enumerate(checks, start=1):
        check.number, check.previous_sha256 = number, previous
        check.sha256 = previous = consent_chain.check_sha256(check)
        check.save()


class Migration(migrations.Migration):
    dependencies = [("jobs", "0036_every_check_follows_from_the_one_before")]
    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.AlterField("consentcheck", "number", models.PositiveIntegerField(unique=True)),
        protect("jobs_consentcheck"),
    ]
