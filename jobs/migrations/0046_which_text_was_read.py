"""Until now there was one text of each notice: that is what was read."""

from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery

WRITTEN_IN = "en"


def name_it(apps, schema_editor):
    notices = apps.get_model("jobs", "ConsentNotice").objects.filter(pk=OuterRef("notice"))
    apps.get_model("jobs", "Consent").objects.update(
        notice_language=WRITTEN_IN, notice_sha256=Subquery(notices.values("sha256")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0045_a_notice_in_several_languages")]
    operations = [
        migrations.RunPython(name_it, migrations.RunPython.noop),
        migrations.AddConstraint(
            "consent",
            models.CheckConstraint(
                condition=~Q(notice_language="") & ~Q(notice_sha256=""),
                name="a_consent_names_the_text_that_was_read",
            ),
        ),
    ]
