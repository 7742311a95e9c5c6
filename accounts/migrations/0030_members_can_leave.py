"""Whether a member has left; the row stays, for money and consents refer to it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0023_what_a_card_takes_back_is_owed'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='left_at',
            field=models.DateTimeField(blank=True, help_text='When the account was closed; the row says nobody since.', null=True),
        ),
    ]
