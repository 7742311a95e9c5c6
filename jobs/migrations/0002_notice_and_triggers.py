"""The first consent notice, and the tables that are written once."""

import hashlib

from django.db import migrations

from accounts.append_only import protect

TITLE = "Before we restore this photo"
TEXT = """\
What happens. You choose a model and see the exact price. We send a copy of the photo, without \
any hidden data such as place, date or camera, to the restoration gateway Pixazo, over an address \
that stops working after one hour. The restored picture comes back to us and only you see it.

What a model may change. Restoration is not remembering. Where the photo is damaged, blurred or \
small, the model invents something that fits. A face may come back looking like another person. \
We show you the faces before and after, and we keep your original untouched.

The people in the photo. If it shows you, or nobody, it is yours to decide. If it shows an adult \
who is alive, please ask them first. If it shows a child, only a parent or guardian can agree, and \
a reviewer looks at it. If it shows somebody who has died, we rely on your word that you are close \
to them and that they would not have minded. If it shows anybody else, a reviewer looks at it. \
What you tell us about another person is kept as your statement, not as theirs.

What we keep. Your original, the results, and this statement with its date. You can withdraw at \
any time: work that has not been sent stops and its money comes back, and all pictures of this \
photo are erased from our store. What Pixazo may still hold of a copy that was already sent, we \
can't erase for you.
"""


def publish(apps, schema_editor):
    apps.get_model("jobs", "ConsentNotice").objects.get_or_create(
        version=1,
        defaults={
            "title": TITLE,
            "text": TEXT,
            "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        },
    )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial"), ("accounts", "0002_append_only")]
    operations = [
        migrations.RunPython(publish, migrations.RunPython.noop),
        protect("jobs_jobevent", "jobs_consentevent", "jobs_consentnotice"),
    ]
