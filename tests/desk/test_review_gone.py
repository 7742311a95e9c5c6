"""What a reviewer is told whose item went away while they had it open: never a bare 404."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from jobs.models import Consent, ReviewDecision
from jobs.steps import consent as consent_step
from jobs.steps import retain, review, trash
from tests.builders import decide, make_consent, make_member, pending, publish_notice, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


def withdrawn(given: Consent) -> None:
    consent_step.withdraw(photo=given.photo, by=given.given_by)


def erased(given: Consent) -> None:
    withdrawn(given)
    run("erase")


def replaced(given: Consent) -> None:
    publish_notice()
    make_consent(given.photo, depicted=("OTHER",))


def trashed(given: Consent) -> None:
    trash.put(photo=given.photo, by=given.given_by)


def expired(given: Consent) -> None:
    yesterday = timezone.now().date() - timedelta(days=1)
    Consent.objects.filter(pk=given.pk).update(keep_until=yesterday)
    retain.enforce(timezone.now(), 10)


def decided(given: Consent) -> None:
    decide(given, by=make_member(email="rolf@heirloom.example"))


WAYS: dict[Callable[[Consent], None], str] = {
    withdrawn: "The member has withdrawn this",
    erased: "The member has withdrawn this",
    replaced: "The member has said something new about this photo",
    trashed: "The member has thrown this photo away",
    expired: "The day until which the member let us keep this photo has passed",
    decided: "rolf@heirloom.example has approved this already",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_reviewer_is_told_what_became_of_it(
    desk: Client, rosa: User, way: Callable[[Consent], None]
):
    given = pending()
    review.claim(consent=given, by=rosa)
    shown = asdict(review.seen(given))
    review.release(consent=given, by=rosa)
    way(given)
    one = [given.pk]

    page = desk.get(reverse("desk_review", args=one))
    assert WAYS[way] in page.content.decode()
    for way_on in (reverse("desk_reviews"), reverse("desk_review_go", args=one)):
        assert way_on in page.content.decode()
    assert 'value="approve"' not in page.content.decode()

    for verb in ("claim", "show"):
        said = desk.post(reverse(f"desk_review_{verb}", args=one), follow=True)
        assert WAYS[way] in said.content.decode(), verb
    for said in (
        desk.post(reverse("desk_review_keep", args=one)),
        desk.post(reverse("desk_review_show", args=one), headers={"accept": "application/json"}),
    ):
        assert said.status_code == 409
        assert WAYS[way] in said.content.decode()
    for more in (
        {"decision": "approve"},
        {"decision": "reject", "reason_code": "OTHER"},
        {"decision": "ask", "question": "Who?"},
    ):
        address = reverse("desk_review_decide", args=one)
        assert WAYS[way] in desk.post(address, {**shown, **more}, follow=True).content.decode()

    assert not ReviewDecision.objects.filter(reviewer=rosa).exists()
    assert not AuditEntry.objects.filter(action="picture").exists()


@pytest.mark.parametrize("way", WAYS)
def test_the_next_one_is_found_from_there(desk: Client, way: Callable[[Consent], None]):
    given, after = pending(), pending()
    way(given)
    page = desk.post(reverse("desk_review_go", args=[given.pk]), {"to": "next"}, follow=True)
    assert page.context["item"]["consent"].photo_id in (after.photo_id, given.photo_id)
    assert page.context["can_decide"]


def test_what_never_was_is_not_found(desk: Client):
    assert desk.get(reverse("desk_review", args=[uuid.uuid4()])).status_code == 404
