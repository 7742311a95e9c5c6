from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0026_every_notice_is_sealed")]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("verdict", "FORGED")),
                fields=["-received_at"],
                name="forged_deliveries",
            ),
        ),
    ]
