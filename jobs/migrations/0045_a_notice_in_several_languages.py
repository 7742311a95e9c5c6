"""A notice may stand in several languages, and a statement names the text that was read."""

from django.db import migrations, models

from accounts.append_only import protect, unprotect

TRANSLATIONS = models.JSONField(
    blank=True, default=dict, help_text="Title and text in each further language, by its code."
)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0042_links_to_results")]
    operations = [
        unprotect("jobs_consentnotice"),
        migrations.AddField("consentnotice", "translations", TRANSLATIONS.clone()),
        migrations.AddField("noticedraft", "translations", TRANSLATIONS.clone()),
        migrations.AddField(
            "consent",
            "notice_language",
            models.CharField(
                default="",
                help_text="Of the text that was read: one of the notice's.",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "consent",
            "notice_sha256",
            models.CharField(default="", help_text="Of that very text.", max_length=64),
            preserve_default=False,
        ),
        protect("jobs_consentnotice"),
    ]
