from django.db import migrations, models


class Migration(migrations.Migration):
    """An index alone rebuilds no table on SQLite, so the triggers stay."""

    dependencies = [("accounts", "0021_books_are_checked")]
    operations = [
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["created_at"], name="transfers_of_a_period"),
        ),
    ]
