from django.db import migrations

from accounts.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [protect("accounts_transfer")]
