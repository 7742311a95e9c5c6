"""consent_proof.statements: no change to a statement, an event or a decision stays unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from jobs import consent_chain, notices
from jobs.consent_proof import statements
from jobs.models import Consent, ConsentEvent, ConsentNotice, ConsentStatus, Photo, ReviewDecision
from jobs.steps import consent as consent_step
from tests.builders import decide, make_consent, make_job, make_member, make_photo, publish_notice
from tests.jobs.forging import forging, found, reviewed

pytestmark = pytest.mark.django_db


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
    decide(given, approve=False, words="Please ask her.")
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


def test_a_decision_of_somebody_elses_is_found():
    given = make_consent(make_photo(), depicted=("OTHER",))
    decide(given)
    with forging(ReviewDecision):
        given.decisions.update(reviewer=make_member())
    (decision,) = given.decisions.all()
    words = f"decision {decision.pk} is not the one that event 2 tells of"
    assert f"consent {given.pk}: {words}" in found()


def test_a_decision_that_is_gone_is_found():
    given = reviewed()
    with forging(ReviewDecision):
        given.decisions.latest("pk").delete()
    assert found() == [f"consent {given.pk}: it has 2 decisions, its events tell of 3"]


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


def test_no_more_than_a_chunk_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch):
    for _ in range(3):
        make_consent(make_photo())
    given = make_consent(make_photo())
    Consent.objects.filter(pk=given.pk).update(basis="I never said so.")
    monkeypatch.setattr(statements, "CONSENTS_IN_A_QUERY", 2)
    assert found() == [f"consent {given.pk}: what was said is not what was sealed"]
    assert notices.newest_version() > 0
