import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0004_first_prices")]
    operations = [
        migrations.AlterField(
            model_name="restorationjob",
            name="price",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="jobs.price",
            ),
        ),
    ]
