"""jobs.consent_proof: no change to what members said stays unseen, row by row, in few queries.

Each forgery is written with the triggers aside, as by somebody who owns the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.db.models import Model, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import append_only
from accounts.models import Letter
from jobs import consent_chain, consent_proof, notices, tasks
from jobs.consent_proof import statements
from jobs.models import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    ConsentWording,
    Photo,
    ReviewDecision,
)
from jobs.steps import consent as consent_step
from jobs.steps import review
from tests.builders import (
    decide,
    make_consent,
    make_job,
    make_member,
    make_photo,
    publish_notice,
    run,
)
from tests.staff import REVIEWERS, make_clerk, make_staff

pytestmark = pytest.mark.django_db


@contextmanager
def forging(*kinds: type[Model]) -> Iterator[None]:
    """The triggers step aside."""
    tables = [model._meta.db_table for model in kinds]
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
    assert found() == [
        f"consent {given.pk}: what was said is not what was sealed",
        f"consent {given.pk}: the text that it says was read is none of its notice's",
    ]


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
        event, statement=consent_chain.statement_sha256(given, form=event.form), form=event.form
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


def test_what_is_left_of_a_statement_that_is_gone_is_found():
    given = make_consent(make_photo(), depicted=("OTHER",))
    decide(given)
    make_job(photo=given.photo)
    with transaction.atomic():
        Consent.objects.filter(pk=given.pk)._raw_delete("default")
        assert found() == [
            f"consent {given.pk}: it is gone, and has left events and decisions and restorations"
        ]
        transaction.set_rollback(True)


def test_a_statement_whose_notice_is_gone_is_found():
    given = make_consent(make_photo())
    with forging(ConsentNotice), transaction.atomic():
        ConsentNotice.objects.filter(pk=given.notice_id).update(id=9_999)
        assert f"consent {given.pk}: its photo or its notice is gone" in found()
        transaction.set_rollback(True)


def test_another_title_of_a_notice_is_found():
    given = make_consent(make_photo())
    with forging(ConsentNotice):
        ConsentNotice.objects.filter(pk=given.notice_id).update(title="Sign here")
    assert found() == [f"notice {given.notice.version}: it is not what was published"]


def test_another_text_of_a_notice_is_found():
    given = make_consent(make_photo())
    with forging(ConsentNotice):
        ConsentNotice.objects.filter(pk=given.notice_id).update(text="You agree to everything.")
    version = given.notice.version
    assert found() == [f"notice {version}: its text is not the one that was published"]


def test_other_words_beside_the_boxes_are_found():
    given = make_consent(make_photo())
    words = ConsentWording.objects.filter(consent=given)
    with forging(ConsentWording):
        words.update(text="box restore\tIt may be sold.\n")
    assert found() == [f"wording {given.wording_id}: its text is not the one that was shown"]
    with forging(ConsentWording):
        words.update(sha256=notices.sha256_of("box restore\tIt may be sold.\n"))
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]


def test_a_statement_from_before_the_words_were_kept_still_holds_and_can_be_withdrawn():
    given = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(wording=None)
    with forging(ConsentEvent):
        event = given.events.get()
        given.refresh_from_db()
        event.form = 2
        event.sha256 = consent_chain.event_sha256(
            event, statement=consent_chain.statement_sha256(given, form=2), form=2
        )
        event.save()
    consent_step.withdraw(photo=given.photo, by=given.given_by)
    assert found() == []
    assert [one.form for one in given.events.order_by("number")] == [2, consent_chain.FORM]


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
    assert f"consent {given.pk}: decision {given.decisions.get().pk} {words}" in found()


@pytest.mark.parametrize("which", ["all", "of one consent"])
def test_decisions_that_are_gone_are_found(which: str):
    rejected, kept = (make_consent(make_photo(), depicted=("OTHER",)) for _ in range(2))
    decide(rejected, approve=False)
    decide(kept)
    gone = ReviewDecision.objects.all() if which == "all" else rejected.decisions.all()
    with forging(ReviewDecision):
        gone.delete()
    assert f"consent {rejected.pk}: it has 0 decisions, its events tell of 1" in found()


def test_decisions_from_before_they_were_sealed_are_anchored():
    """Their events do not hold their hashes; what a check has seen of them does."""
    given = make_consent(make_photo(), depicted=("OTHER",))
    decide(given, approve=False)
    with forging(ConsentEvent):
        as_first_sealed(given)
    assert found() == []
    consent_proof.check(later())
    with forging(ReviewDecision):
        given.decisions.update(reason_code="OTHER")
    (problem,) = found()
    assert problem.startswith("decisions: those up to")
    with forging(ReviewDecision):
        given.decisions.all().delete()
    assert found() == [problem]


def as_first_sealed(given: Consent) -> None:
    """In the first form, which did not hold decisions."""
    statement, previous = consent_chain.statement_sha256(given, form=1), consent_chain.FIRST
    for event in given.events.order_by("number"):
        event.form, event.decision_sha256, event.previous_sha256 = 1, "", previous
        event.sha256 = previous = consent_chain.event_sha256(event, statement=statement, form=1)
        event.save()


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
    form, previous = consent_chain.FORM, consent_chain.FIRST
    statement = consent_chain.statement_sha256(given, form=form)
    with forging(ConsentEvent):
        for event in given.events.order_by("number"):
            event.previous_sha256 = previous
            event.sha256 = previous = consent_chain.event_sha256(
                event, statement=statement, form=form
            )
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
    problems = found()
    assert any("are not the ones that the check of" in problem for problem in problems)
    consent_proof.check(later())
    assert found() == problems  # a later check does not make it good


def test_fewer_consents_than_an_earlier_check_saw_are_found():
    """Also where it was too young for the hash over all."""
    make_consent(make_photo())
    given = make_consent(make_photo())
    event = given.events.get().pk
    checked = consent_proof.check(timezone.now())
    assert checked.last_event == 0
    gone_whole(given)
    when = f"the check of {checked.at:%Y-%m-%d %H:%M} UTC saw"
    expected = [
        f"consents: there are 1, {when} 2",
        f"events: {event} of those that {when} are not what they were, or gone",
    ]
    assert found() == expected
    consent_proof.check(timezone.now())
    assert found() == expected


def test_the_newest_version_of_the_notice_cut_off_is_found():
    gone = publish_notice()
    assert consent_proof.check(timezone.now()).problems == []
    with forging(ConsentNotice):
        gone.delete()
    (problem,) = found()
    assert problem.startswith(f"notices: those up to {gone.version} are not the ones")


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


def test_what_changes_while_it_is_read_is_no_finding(monkeypatch: pytest.MonkeyPatch):
    """Events are read before their consents; a withdrawal between looks like a forged status."""
    given = make_consent(make_photo())
    by_consent = statements._by_consent

    def withdraw_after(rows: Any) -> Any:
        read = by_consent(rows)
        if given.events.count() == 1:
            consent_step.withdraw(photo=given.photo, by=given.given_by)
        return read

    monkeypatch.setattr(statements, "_by_consent", withdraw_after)
    assert found() == []
    assert given.events.count() == 2


# --- Every column ---------------------------------------------------------------------------
# Who has it in hand for some minutes: changed all day, and says nothing of what was said.
MAY_CHANGE: dict[type[Model], set[str]] = {Consent: {"claimed_by", "claimed_until"}}


@pytest.mark.parametrize(
    "model", [Consent, ConsentEvent, ConsentNotice, ConsentWording, ReviewDecision]
)
def test_a_change_of_any_column_is_found(model: type[Model]):
    make_consent(make_photo())
    given = make_consent(make_photo(), depicted=("OTHER",))
    review.reject(
        consent=given,
        by=make_member(),
        seen=review.seen(given),
        reason_code="NOT_ASKED",
        words="Please ask her.",
    )
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


def test_honest_events_after_a_check_are_no_finding():
    consent_proof.check(later())
    make_consent(make_photo())
    consent_proof.check(later())
    reviewed()
    assert found() == []


def test_events_that_may_still_be_joined_by_an_earlier_one_are_not_anchored_yet():
    make_consent(make_photo())
    assert consent_proof.check(timezone.now()).last_event == 0
    assert found() == []
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
    monkeypatch.setattr(statements, "CONSENTS_IN_A_QUERY", 2)
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]
    assert notices.newest_version() > 0
