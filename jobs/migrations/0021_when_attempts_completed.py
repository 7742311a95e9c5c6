"""When each attempt completed, as far as rows from before can tell."""

from django.db import migrations


def tell(apps, schema_editor):
    Attempt = apps.get_model("jobs", "Attempt")
    completed = Attempt.objects.filter(vendor_status="COMPLETED", completed_at=None)
    for attempt in completed.exclude(deliveries__verdict="CONTRADICTED").select_related("job"):
        others = attempt.job.attempts.filter(vendor_status="COMPLETED").exclude(pk=attempt.pk)
        heard = attempt.deliveries.order_by("-received_at").first()
        attempt.completed_at = (
            (None if others.exists() else attempt.job.completed_at)
            or (heard and heard.received_at)
            or attempt.job.completed_at
            or attempt.answered_at
            or attempt.created_at
        )
        attempt.save(update_fields=["completed_at"])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0020_attempts_completed_at")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
