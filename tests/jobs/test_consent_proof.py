"""consent_proof: every column is looked at, in few queries, and what is found is told."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.db.models import Model, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Letter
from jobs import consent_proof, tasks
from jobs.models import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentNotice,
    ConsentWording,
    ReviewDecision,
)
from tests.builders import decide, make_consent, make_photo, publish_notice, run
from tests.jobs.forging import MAY_CHANGE, forging, found, later, reviewed
from tests.staff import REVIEWERS, make_clerk, make_staff

pytestmark = pytest.mark.django_db


def test_what_is_honest_is_found_to_be():
    reviewed()
    make_consent(make_photo())
    publish_notice()
    make_consent(make_photo())
    rejected = make_consent(make_photo(), depicted=("OTHER",))
    decide(rejected, approve=False)
    assert found() == []
    consent_proof.check(later())
    assert found() == []


def test_it_asks_as_little_for_many_as_for_few():
    make_consent(make_photo())

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            found()
        return len(captured)

    few = asked()
    for _ in range(5):
        make_consent(make_photo())
    assert asked() == few


# --- Every column ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "model", [Consent, ConsentEvent, ConsentNotice, ConsentWording, ReviewDecision]
)
def test_a_change_of_any_column_is_found(model: type[Model]):
    make_consent(make_photo())
    given = make_consent(make_photo(), depicted=("OTHER",))
    decide(given, approve=False, words="Please ask her.")
    rows: dict[type[Model], QuerySet[Any]] = {
        Consent: Consent.objects.filter(pk=given.pk),
        ConsentEvent: given.events.filter(number=2),
        ConsentNotice: ConsentNotice.objects.filter(pk=given.notice_id),
        ConsentWording: ConsentWording.objects.filter(consent=given),
        ReviewDecision: given.decisions.all(),
    }
    row = rows[model]
    assert consent_proof.check(later()).problems == []
    unnoticed = set()
    with forging(model):
        for field in model._meta.concrete_fields:
            with transaction.atomic():
                assert row.update(**{field.name: something_else(field, row.get())}) == 1
                if not found():
                    unnoticed.add(field.name)
                transaction.set_rollback(True)
    assert unnoticed == MAY_CHANGE.get(model, set())


def something_else(field: Any, row: Model) -> Any:
    """A value that the column takes, and that is not the one it has."""
    now = getattr(row, field.attname)
    if field.is_relation:
        others = field.related_model._default_manager.exclude(pk=now)
        if field.related_model is ConsentWording:
            return ConsentWording.objects.shown("text\tOther words.\n")
        return others.first() or publish_notice()
    if field.choices:
        return next(value for value, _ in field.choices if value not in (now, "APPROVE"))
    match field:
        case models.UUIDField():
            return uuid.uuid4()
        case models.DateTimeField():
            return timezone.now() - timedelta(days=9)
        case models.DateField():
            return timezone.now().date()
        case models.BooleanField():
            return not now
        case models.IntegerField():
            return now + 1_000
        case models.JSONField():
            return ["MYSELF"]
        case models.CharField() | models.TextField():
            return "f" * 9
    raise AssertionError(f"No other value is known for {field}")


# --- Daily ----------------------------------------------------------------------------------
def test_what_is_found_is_kept_and_written_to_reviewers(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # it's the test's own
    reviewer = make_staff(REVIEWERS)
    make_clerk()
    given = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(basis="I never said so.")
    tasks.check_consents()
    tasks.check_consents()
    run("send")
    (mail,) = mailoutbox
    assert mail.to == [reviewer.email]
    assert mail.subject == "Consents are not as they were sealed: 1 finding"
    assert "what was said is not what was sealed" in mail.body
    (checked,) = ConsentCheck.objects.all()
    assert len(checked.problems) == 1


def test_the_command_says_how_many_and_exits_with_one_and_the_list(capsys: Any):
    given = make_consent(make_photo())
    call_command("check_consents")
    said = capsys.readouterr().out
    assert "1 consents are as they were sealed, with 1 events, 0 decisions" in said
    assert f"seen all that stood at {ConsentCheck.objects.get().at:%Y-%m-%d %H:%M} UTC" in said
    assert "removed whole before the next check is not" in said
    assert not Letter.objects.exists()
    Consent.objects.filter(pk=given.pk).update(basis="I never said so.")
    with pytest.raises(CommandError) as problem:
        call_command("check_consents")
    assert problem.value.returncode == 1
    assert f"consent {given.pk}: what was said" in str(problem.value)


def test_numbers_that_no_event_has_are_told(capsys: Any):
    for _ in range(3):
        given = make_consent(make_photo())
    before = consent_proof.gaps()
    number = given.events.get().pk - 1
    with forging(ConsentEvent):
        ConsentEvent.objects.filter(pk=number).delete()
    assert set(consent_proof.gaps()) - set(before) == {str(number)}
    Consent.objects.filter(events=None)._raw_delete("default")
    call_command("check_consents")
    assert f"{number}. A write that was given up" in capsys.readouterr().out
