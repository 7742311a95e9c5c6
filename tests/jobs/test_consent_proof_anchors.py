"""consent_proof.anchors: what no chain can show, cut off or gone whole, earlier checks do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from jobs import consent_chain, consent_proof
from jobs.models import Consent, ConsentEvent, ConsentNotice, ReviewDecision
from jobs.steps import consent as consent_step
from tests.builders import decide, make_consent, make_photo, publish_notice
from tests.jobs.forging import forging, found, gone_whole, later, reviewed, sealed_anew

pytestmark = pytest.mark.django_db


def cut_off(given: Consent) -> None:
    """The last event goes, and the row says what the one before it said."""
    last = given.events.get(to_status="WITHDRAWN")
    with forging(ConsentEvent):
        last.delete()
    Consent.objects.filter(pk=given.pk).update(status=last.from_status)


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
