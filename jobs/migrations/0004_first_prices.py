"""The first price list: what the vendor's documents say, passed on as it is."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
MICROS = {"gfpgan": 3_100, "codeformer": 2_100, "flux-kontext": 40_000}


def publish(apps, schema_editor):
    for model_key, micros in MICROS.items():
        price, _ = apps.get_model("jobs", "Price").objects.get_or_create(
            model_key=model_key,
            effective_from=BEGINNING,
            defaults={
                "price_micros": micros,
                "cost_micros": micros,
                "reason": "The vendor's own price, from its documents.",
            },
        )
        for job in apps.get_model("jobs", "RestorationJob").objects.filter(
            model_key=model_key, price=None
        ):
            job.price, job.vendor_cost_micros = price, job.quoted_micros
            job.save(update_fields=["price", "vendor_cost_micros"])


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_prices_and_usage")]
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
