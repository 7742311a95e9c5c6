from django.db import migrations, models
from django.db.models.functions import Coalesce


def count(apps, schema_editor):
    """Those that were kept so far, which is all that came."""
    Attempt = apps.get_model("jobs", "Attempt")
    Delivery = apps.get_model("jobs", "Delivery")
    came = (
        Delivery.objects.filter(attempt=models.OuterRef("pk"), replay_of=None)
        .order_by()
        .values("attempt")
        .annotate(count=models.Count("pk"))
        .values("count")
    )
    Attempt.objects.update(callbacks=Coalesce(models.Subquery(came), 0))


class Migration(migrations.Migration):
    dependencies = [("jobs", "0031_what_is_looked_for_is_indexed")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="callbacks",
            field=models.PositiveIntegerField(
                default=0,
                help_text="How many came to its address; a Delivery is kept of the first ones.",
            ),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
