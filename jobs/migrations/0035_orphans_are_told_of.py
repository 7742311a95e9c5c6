from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0034_the_words_beside_the_boxes"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrphanCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("erased_count", models.PositiveIntegerField()),
                ("left_count", models.PositiveIntegerField()),
                ("left", models.JSONField(default=list)),
            ],
            options={"ordering": ["-pk"], "get_latest_by": "pk"},
        ),
    ]
