"""Keep the words beside the boxes of a consent form; statements made before this have none."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("jobs", "0033_an_upload_is_a_row_first")]
    operations = [
        migrations.CreateModel(
            name="ConsentWording",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("text", models.TextField()),
                (
                    "first_shown_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="When somebody first sent a form with these words.",
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.AddField(
            model_name="consent",
            name="wording",
            field=models.ForeignKey(
                help_text=(
                    "The words beside the boxes; of statements made before they were kept, none."
                ),
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="jobs.consentwording",
            ),
        ),
        protect("jobs_consentwording"),
    ]
