"""jobs.consent_proof: no change to what members said stays unseen, row by row, in few queries.

Each forgery is written with the triggers aside, as by somebody who owns the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import append_only
from accounts.models import Letter
from jobs import consent_chain, consent_proof, notices, tasks
from jobs.models import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    Photo,
    ReviewDecision,
)
from jobs.steps import consent as consent_step
from jobs.steps import review
from tests.builders import decide, make_consent, make_member, make_photo, publish_notice, run
from tests.staff import REVIEWERS, make_clerk, make_staff

pytestmark = pytest.mark.django_db


@contextmanager
def forging(*models: type[Model]) -> Iterator[None]:
    """The triggers step aside."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        for table in tables:
            for statement in append_only.unlocking(connection.vendor, table):
                cursor.execute(statement)
        yield
        for table in tables:
            for statement in append_only.locking(connection.vendor, table):
                cursor.execute(statement)


def found() -> list[str]:
    problems, _ = consent_proof.findings(timezone.now())
    return problems


def reviewed() -> Consent:
    """Of a child: asked about, answered, approved twice, taken back."""
    photo = make_photo()
    given = make_consent(photo, depicted=("CHILD",))
    review.ask(consent=given, by=make_member(), seen=review.seen(given), question="Whose child?")
    given = review.answer(consent=given, by=photo.owner, text="My own.")
    decide(given)
    consent_step.withdraw(photo=photo, by=photo.owner)
    given.refresh_from_db()
    return given


def later() -> Any:
    """When today's events have settled."""
    return timezone.now() + timedelta(hours=1)


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


STATEMENT: dict[str, Any] = {
    "depicted": ["MYSELF"],
    "basis": "I never said so.",
    "purpose_restore": False,
    "vendors": "|pixazo|fal|",
    "keep_until": timezone.now().date(),
    "session_fingerprint": "0" * 64,
    "created_at": timezone.now() - timedelta(days=9),
}


@pytest.mark.parametrize("field", STATEMENT)
def test_another_statement_is_found(field: str):
    given = reviewed()
    honest = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(**{field: STATEMENT[field]})
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]
    assert honest.events.count() == 1


def test_another_giver_is_found():
    given = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(given_by=make_member())
    assert f"consent {given.pk}: what was said is not what was sealed" in found()


def test_another_notice_is_found():
    given = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(notice=publish_notice())
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]


def test_other_bytes_are_found():
    given = make_consent(make_photo())
    Photo.objects.filter(pk=given.photo_id).update(sha256="f" * 64)
    assert found() == [f"consent {given.pk}: its photo has other bytes than those it is about"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("why", "something else"), ("by", None), ("at", timezone.now() - timedelta(days=9))],
)
def test_another_event_is_found(field: str, value: Any):
    given = make_consent(make_photo())
    consent_step.withdraw(photo=given.photo, by=given.given_by)
    with forging(ConsentEvent):
        given.events.filter(number=2).update(**{field: value})
    assert found() == [f"consent {given.pk}: event 2 is not what was sealed"]


def test_an_event_cut_out_of_the_middle_is_found():
    given = reviewed()
    with forging(ConsentEvent):
        given.events.filter(number=3).delete()
    assert found() == [f"consent {given.pk}: event 3 is missing"]


def test_an_event_that_was_sealed_anew_does_not_follow():
    given = reviewed()
    event = given.events.get(number=3)
    event.why = "something else"
    event.sha256 = consent_chain.event_sha256(
        event, statement=consent_chain.statement_sha256(given)
    )
    with forging(ConsentEvent):
        event.save()
    assert found() == [f"consent {given.pk}: event 4 does not follow from the one before"]


def test_a_status_that_no_event_led_to_is_found():
    given = make_consent(make_photo(), depicted=("CHILD",))
    Consent.objects.filter(pk=given.pk).update(status=ConsentStatus.APPROVED)
    assert found() == [
        f"consent {given.pk}: it stands as APPROVED, its last event says PENDING_REVIEW"
    ]


def test_a_statement_without_any_event_is_found():
    given = make_consent(make_photo())
    with forging(ConsentEvent):
        given.events.all().delete()
    assert found() == [f"consent {given.pk}: nothing is on record of how it came about"]


def test_another_text_of_a_notice_is_found():
    given = make_consent(make_photo())
    with forging(ConsentNotice):
        ConsentNotice.objects.filter(pk=given.notice_id).update(text="You agree to everything.")
    version = given.notice.version
    assert found() == [f"notice {version}: its text is not the one that was published"]


def test_a_version_that_is_gone_is_found():
    make_consent(make_photo())
    gone = publish_notice("One.")
    publish_notice("Two.")
    with forging(ConsentNotice):
        gone.delete()
    assert found() == [f"notices: version {gone.version} is missing"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"photo_sha256": "f" * 64}, "is about other bytes"),
        ({"notice_version": 99}, "is about another notice"),
        ({"note": "Something nicer."}, "is not the one that event 2 tells of"),
        ({"verdict": "APPROVE"}, "is not the one that event 2 tells of"),
    ],
)
def test_another_decision_is_found(changes: dict[str, Any], words: str):
    given = make_consent(make_photo(), depicted=("OTHER",))
    review.reject(
        consent=given,
        by=make_member(),
        seen=review.seen(given),
        reason_code="NOT_ASKED",
        words="Please ask her.",
    )
    with forging(ReviewDecision):
        given.decisions.update(**changes)
    (problem,) = found()
    assert problem == f"consent {given.pk}: decision {given.decisions.get().pk} {words}"


def test_a_decision_of_somebody_elses_is_found():
    given = make_consent(make_photo(), depicted=("OTHER",))
    decide(given)
    with forging(ReviewDecision):
        given.decisions.update(reviewer=make_member())
    assert "is not the one that event 2 tells of" in found()[0]


def test_a_decision_that_is_gone_is_found():
    given = reviewed()
    with forging(ReviewDecision):
        given.decisions.latest("pk").delete()
    assert found() == [f"consent {given.pk}: it has 2 decisions, its events tell of 3"]


# --- Anchors --------------------------------------------------------------------------------
def cut_off(given: Consent) -> None:
    """The last event goes, and the row says what the one before it said."""
    last = given.events.get(to_status="WITHDRAWN")
    with forging(ConsentEvent):
        last.delete()
    Consent.objects.filter(pk=given.pk).update(status=last.from_status)


def gone_whole(given: Consent) -> None:
    with forging(ConsentEvent):
        given.events.all().delete()
    given.delete()


def sealed_anew(given: Consent) -> None:
    """Whoever knows the code can write a whole chain anew."""
    given.basis = "I never said so."
    given.save()
    statement, previous = consent_chain.statement_sha256(given), consent_chain.FIRST
    with forging(ConsentEvent):
        for event in given.events.order_by("number"):
            event.previous_sha256 = previous
            event.sha256 = previous = consent_chain.event_sha256(event, statement=statement)
            event.save()


@pytest.mark.parametrize("forge", [cut_off, gone_whole, sealed_anew])
def test_what_the_chain_itself_cannot_show_an_earlier_check_does(
    forge: Callable[[Consent], None],
):
    make_consent(make_photo())
    given = make_consent(make_photo())
    consent_step.withdraw(photo=given.photo, by=given.given_by)
    given.refresh_from_db()
    assert consent_proof.check(later()).problems == []
    forge(given)
    (problem,) = found()
    assert "are not the ones that the check of" in problem
    consent_proof.check(later())
    assert found() == [problem]  # a later check does not make it good


def test_honest_events_after_a_check_are_no_finding():
    consent_proof.check(later())
    make_consent(make_photo())
    consent_proof.check(later())
    reviewed()
    assert found() == []


def test_events_that_may_still_be_joined_by_an_earlier_one_are_not_anchored_yet():
    make_consent(make_photo())
    assert consent_proof.check(timezone.now()).last_event == 0
    assert consent_proof.check(later()).last_event == ConsentEvent.objects.latest("pk").pk


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
    assert "1 consents are as they were sealed." in capsys.readouterr().out
    assert not Letter.objects.exists()
    Consent.objects.filter(pk=given.pk).update(basis="I never said so.")
    with pytest.raises(CommandError) as problem:
        call_command("check_consents")
    assert problem.value.returncode == 1
    assert f"consent {given.pk}: what was said" in str(problem.value)


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


def test_no_more_than_a_chunk_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch):
    for _ in range(3):
        make_consent(make_photo())
    given = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(basis="I never said so.")
    monkeypatch.setattr(consent_proof, "CONSENTS_IN_A_QUERY", 2)
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]
    assert notices.newest_version() > 0
