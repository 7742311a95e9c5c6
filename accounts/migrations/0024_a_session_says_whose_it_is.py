"""Sessions with a column for the member; those that are open move over, so nobody is signed out."""

from django.contrib.auth import SESSION_KEY
from django.db import migrations, models


def move(apps, schema_editor):
    from accounts.sessions import SessionStore  # the signature's salt holds the class's name

    Session = apps.get_model("sessions", "Session")
    MemberSession = apps.get_model("accounts", "MemberSession")
    for row in Session.objects.iterator(chunk_size=500):
        member = SessionStore().decode(row.session_data).get(SESSION_KEY)
        MemberSession.objects.create(
            session_key=row.session_key,
            session_data=row.session_data,
            expire_date=row.expire_date,
            member_id=int(member) if member else None,
        )
    Session.objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0030_members_can_leave"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.CreateModel(
            name="MemberSession",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                        verbose_name="session key",
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("member_id", models.BigIntegerField(db_index=True, null=True)),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "abstract": False,
            },
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
