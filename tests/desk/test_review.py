"""The review desk: a queue, one statement with a veiled picture, decisions, figures."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from jobs import notices
from jobs.models import Consent, ConsentStatus, Photo, PhotoState, ReviewDecision
from jobs.states import JobState
from jobs.steps import review
from tests.builders import decide, make_consent, make_job, make_member, make_photo, pending
from tests.staff import REVIEWERS, client_of, make_clerk, make_staff, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


def page_of(given: Consent, client: Client) -> str:
    return client.get(reverse("desk_review", args=[given.pk])).content.decode()


def queue(client: Client, query: str = "") -> str:
    return client.get(reverse("desk_reviews") + query).content.decode()


def press(client: Client, given: Consent, decision: str, **said: Any) -> Any:
    """A decision as the form of a page that was just opened sends it, the picture looked at."""
    if decision == "approve":
        client.post(reverse("desk_review_show", args=[given.pk]))
    shown = review.seen(given)
    fields = {
        "decision": decision,
        "photo_sha256": shown.photo_sha256,
        "notice_version": shown.notice_version,
        "newest_version": shown.newest_version,
        **said,
    }
    return client.post(reverse("desk_review_decide", args=[given.pk]), fields, follow=True)


def test_nobody_approves_a_picture_that_they_have_not_looked_at(desk: Client, rosa: User):
    given = pending("OTHER")
    shown = review.seen(given)
    fields = {"decision": "approve", **asdict(shown)}
    decide_here = reverse("desk_review_decide", args=[given.pk])
    page = desk.post(decide_here, fields, follow=True).content.decode()
    assert "Please look at the picture before you approve it." in page
    assert not given.decisions.exists()
    desk.post(reverse("desk_review_show", args=[given.pk]))
    desk.post(decide_here, fields)
    assert given.decisions.get().reviewer == rosa


# --- Who may come in ----------------------------------------------------------------------------
def every_address(given: Consent) -> list[tuple[str, str]]:
    one = [given.pk]
    return [
        ("get", reverse("desk_reviews")),
        ("post", reverse("desk_review_start")),
        ("get", reverse("desk_review_figures")),
        ("get", reverse("desk_review", args=one)),
        *[
            ("post", reverse(f"desk_review_{verb}", args=one))
            for verb in ("claim", "keep", "release", "go", "show", "decide")
        ],
    ]


@pytest.mark.parametrize("who", ["billing staff", "staff without a role", "a member"])
def test_only_reviewers_come_in(who: str):
    person = {
        "billing staff": make_clerk,
        "staff without a role": make_staff,
        "a member": make_member,
    }[who]()
    client, given = client_of(person), pending()
    for method, path in every_address(given):
        assert getattr(client, method)(path).status_code == 403, path
    given.refresh_from_db()
    assert (given.status, given.claimed_by) == (ConsentStatus.PENDING_REVIEW, None)
    assert "Review figures" not in client.get(reverse("gallery")).content.decode()


def test_reviewers_find_the_way_and_see_no_page_about_money(desk: Client):
    assert reverse("desk_reviews") in desk.get(reverse("gallery")).content.decode()
    page = queue(desk)
    for name in ("desk_members", "desk_corrections", "desk_overview", "desk_prices"):
        assert f'href="{reverse(name)}"' not in page


def test_nothing_is_done_by_a_get(desk: Client):
    given = pending()
    for method, path in every_address(given):
        if method == "post":
            assert desk.get(path).status_code == 405


def test_a_consent_that_never_needed_a_reviewer_is_none_of_their_business(desk: Client):
    given = make_consent(make_photo())
    for method, path in every_address(given)[3:]:
        assert getattr(desk, method)(path).status_code == 404


# --- The picture --------------------------------------------------------------------------------
def test_the_clear_picture_has_no_address_before_its_opening_is_written_down(
    desk: Client, rosa: User
):
    given = pending()
    for page in (queue(desk), page_of(given, desk)):
        assert given.photo.veiled_key in page
        for key in ("preview", "thumbnail", "prepared", "original"):
            assert f"{given.photo.prefix}{key}" not in page
    assert not AuditEntry.objects.filter(action="picture").exists()
    answer = desk.post(
        reverse("desk_review_show", args=[given.pk]), headers={"accept": "application/json"}
    )
    assert given.photo.preview_key in answer.json()["address"]
    entry = AuditEntry.objects.get(action="picture")
    assert (entry.actor, entry.member) == (rosa, given.given_by)
    assert entry.subject == f"photo {given.photo_id}"


def test_without_a_script_the_page_comes_with_the_picture_and_each_time_counts(desk: Client):
    given = pending()
    for _ in range(2):
        page = desk.post(reverse("desk_review_show", args=[given.pk])).content.decode()
        assert given.photo.preview_key in page
    assert AuditEntry.objects.filter(action="picture").count() == 2
    assert given.photo.preview_key not in page_of(given, desk)


def test_an_opening_that_cannot_be_written_down_shows_nothing(
    desk: Client, monkeypatch: pytest.MonkeyPatch
):
    given = pending()
    record = AuditEntry.objects.create

    def refuse(**said: Any) -> AuditEntry:
        if said["action"] == "picture":
            raise RuntimeError("no room")
        return record(**said)

    monkeypatch.setattr(AuditEntry.objects, "create", refuse)
    with pytest.raises(RuntimeError):
        desk.post(reverse("desk_review_show", args=[given.pk]))


@pytest.mark.parametrize("why", ["decided", "erased", "in the trash", "being prepared"])
def test_there_is_no_picture_without_a_decision_to_make_about_it(desk: Client, why: str):
    given = pending()
    if why == "decided":
        decide(given)
    changes: dict[str, dict[str, Any]] = {
        "erased": {"state": PhotoState.ERASED},
        "in the trash": {"trashed_at": timezone.now()},
        "being prepared": {"state": PhotoState.UPLOADED},
    }
    if why in changes:
        Photo.objects.update(**changes[why])
    page = desk.post(reverse("desk_review_show", args=[given.pk]), follow=True).content.decode()
    assert "not to be seen" in page
    assert given.photo.prefix not in page
    assert not AuditEntry.objects.filter(action="picture").exists()


# --- One statement ------------------------------------------------------------------------------
def test_a_page_tells_what_a_decision_needs(desk: Client):
    member = make_member()
    before = make_consent(make_photo(owner=member), depicted=("OTHER",))
    review.reject(
        consent=before,
        by=make_member(),
        seen=review.seen(before),
        reason_code="NOT_AS_SAID",
        words="That is a child.",
    )
    box = {"x": 1, "y": 1, "width": 9, "height": 9}
    given = make_consent(make_photo(owner=member, faces=[box] * 6), depicted=("CHILD",))
    job = make_job(photo=given.photo)
    page = page_of(given, desk)
    for words in (
        "6 faces found",
        "A child whose parent or guardian I am",
        "I say so.",
        "version 1",
        "Many faces",
        "Member rejected before",
        "That is a child.",
        "The picture shows something else than you said",
        "0 of 2 approvals",
        f"${job.quoted_micros / 1_000_000:f}".rstrip("0"),
        given.photo_sha256,
    ):
        assert words in page, words


def test_a_flag_says_which_earlier_statement_it_is_for_and_leads_there(desk: Client):
    photo = make_photo(title="As it was before")
    before = decide(make_consent(photo, depicted=("CHILD",)))
    given = make_consent(
        make_photo(owner=photo.owner, sha256=photo.sha256, title="Now"), depicted=("OTHER",)
    )
    why = page_of(given, desk).partition("Why it is flagged")[2].partition("History")[0]
    assert f'<a href="{reverse("desk_review", args=[before.pk])}"><bdi>As it was before' in why
    assert "the same picture" in why
    assert "The member says so here." in why


def test_the_members_other_statements_have_titles_and_lead_where_a_reviewer_may_look(
    desk: Client,
):
    given = pending()
    member = given.given_by
    reviewed = make_consent(make_photo(owner=member, title="Reviewed"), depicted=("OTHER",))
    make_consent(make_photo(owner=member, title="Never for a reviewer"))
    others = page_of(given, desk).partition("other statements")[2]
    link = reverse("desk_review", args=[reviewed.pk])
    assert f'<a href="{link}"><bdi>Reviewed</bdi></a>' in others
    assert "<p><bdi>Never for a reviewer</bdi>" in others
    assert others.count("It never needed a reviewer") == 1


def test_what_was_asked_and_answered_stands_with_what_was_said(desk: Client):
    given = pending()
    review.ask(consent=given, by=make_member(), seen=review.seen(given), question="Does she know?")
    review.answer(consent=given, by=given.given_by, text="She asked me to.")
    said = page_of(given, desk).partition("What the member said")[2].partition("<form")[0]
    assert "Does she know?" in said
    assert "She asked me to." in said


def test_the_page_says_when_a_newer_notice_is_out(desk: Client):
    given = pending()
    notices.add(version=7, title="New", text="New", by=None)
    assert "version 7 is out now" in page_of(given, desk)


def test_the_page_does_a_fixed_number_of_queries(desk: Client):
    member = make_member(micros=50_000_000)

    def one_more() -> None:
        decide(make_consent(make_photo(owner=member), depicted=("OTHER",)), approve=False)

    one_more()
    given = make_consent(make_photo(owner=member), depicted=("OTHER",))
    make_job(photo=given.photo)
    path = reverse("desk_review", args=[given.pk])
    counted = queries(desk, path)
    for _ in range(3):
        one_more()
        make_job(photo=given.photo)
    assert queries(desk, path) == counted


def test_who_has_it_in_hand_is_shown_and_others_get_no_buttons(desk: Client):
    given, rolf = pending(), make_staff(REVIEWERS, email="rolf@heirloom.example")
    assert "Nobody has it in hand" in page_of(given, desk)
    review.claim(consent=given, by=rolf)
    for page in (queue(desk), page_of(given, desk)):
        assert "rolf@heirloom.example" in page
        assert 'value="approve"' not in page
        assert reverse("desk_review_claim", args=[given.pk]) not in page
    assert "In your hand until" in page_of(given, client_of(rolf))
    assert (
        "rolf@heirloom.example has this in hand" in press(desk, given, "approve").content.decode()
    )
    assert not ReviewDecision.objects.exists()


def test_an_own_consent_and_one_that_i_approved_have_no_buttons(desk: Client, rosa: User):
    own = make_consent(make_photo(owner=rosa), depicted=("OTHER",))
    approved = pending("CHILD")
    review.approve(consent=approved, by=rosa, seen=review.seen(approved))
    for given, words in ((own, "This is your own"), (approved, "must be somebody else")):
        page = page_of(given, desk)
        assert words in page
        assert 'value="approve"' not in page
        press(desk, given, "approve")
        given.refresh_from_db()
        assert given.status == ConsentStatus.PENDING_REVIEW


def test_a_claim_is_kept_while_somebody_works_and_its_loss_is_told(desk: Client, rosa: User):
    given = pending()
    path = reverse("desk_review_keep", args=[given.pk])
    entries = AuditEntry.objects.count()
    assert desk.post(path).status_code == 204
    assert AuditEntry.objects.count() == entries, "a page that is only kept is no look"
    given.refresh_from_db()
    assert given.claimed_by == rosa
    decide(given, by=rosa)
    answer = desk.post(path)
    assert answer.status_code == 409
    assert "has approved this already" in answer.content.decode()


def test_what_is_put_back_is_free_again(desk: Client):
    given = pending()
    desk.post(reverse("desk_review_claim", args=[given.pk]))
    assert "In your hand" in page_of(given, desk)
    desk.post(reverse("desk_review_release", args=[given.pk]))
    assert "Nobody has it in hand" in page_of(given, desk)


# --- Deciding -----------------------------------------------------------------------------------
def test_a_decision_opens_the_next_free_one_and_takes_it_in_hand(
    desk: Client, rosa: User, rings: list[str], django_capture_on_commit_callbacks: Any
):
    first, taken, third = pending(), pending(), pending()
    review.claim(consent=taken, by=make_member())
    job = make_job(photo=first.photo)
    with django_capture_on_commit_callbacks(execute=True):
        response = press(desk, first, "approve", words="Fine.")
    assert response.redirect_chain[-1][0] == reverse("desk_review", args=[third.pk])
    assert "is approved" in response.content.decode()
    first.refresh_from_db()
    third.refresh_from_db()
    job.refresh_from_db()
    assert (first.status, job.state) == (ConsentStatus.APPROVED, JobState.READY)
    assert third.claimed_by == rosa
    assert {"submit", "send"} <= set(rings)
    response = press(desk, third, "ask", question="Who is it?")
    assert response.redirect_chain[-1][0] == reverse("desk_reviews")
    assert "Nothing more waits for you" in response.content.decode()


def test_the_filters_stay_while_one_goes_from_item_to_item(desk: Client):
    pending(title="Not asked for")
    first, second = pending("CHILD"), pending("CHILD")
    where = reverse("desk_review_start") + "?flag=CHILD&age="
    response = desk.post(where, follow=True)
    assert response.redirect_chain[-1][0] == reverse("desk_review", args=[first.pk]) + "?flag=CHILD"
    go = reverse("desk_review_go", args=[first.pk]) + "?flag=CHILD"
    response = desk.post(go, {"to": "next"}, follow=True)
    assert response.context["item"]["consent"] == second
    go = reverse("desk_review_go", args=[second.pk]) + "?flag=CHILD"
    response = desk.post(go, {"to": "previous"}, follow=True)
    assert response.context["item"]["consent"] == first
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.holder(now=timezone.now()) is not None
    assert second.holder(now=timezone.now()) is None


def test_a_rejection_without_a_reason_is_asked_for_again_and_keeps_what_was_written(desk: Client):
    given = pending()
    response = press(desk, given, "reject", words="Please ask her.")
    assert response.status_code == 422
    page = response.content.decode()
    summary, _, below = page.partition('id="decision"')
    assert "This field is required." in summary
    assert "This field is required." in below
    (field,) = re.findall('<a class="standalone" href="#([^"]+)">Reason', summary)
    assert f'id="{field}"' in below
    assert "Please ask her." in page
    assert not ReviewDecision.objects.exists()
    press(desk, given, "reject", words="Please ask her.", reason_code="NOT_ASKED")
    given.refresh_from_db()
    assert given.status == ConsentStatus.REJECTED


def test_the_first_of_two_is_told_that_another_decides_too(desk: Client):
    given = pending("CHILD")
    assert "1 of 2" in press(desk, given, "approve").content.decode()


def test_a_page_from_before_a_new_notice_decides_nothing(desk: Client):
    given = pending()
    shown = review.seen(given)
    notices.add(version=7, title="New", text="New", by=None)
    page = press(desk, given, "approve", newest_version=shown.newest_version).content.decode()
    assert "The notice has changed since you opened this page" in page
    assert not ReviewDecision.objects.exists()


@pytest.mark.parametrize("decision", ["", "burn", "claim_next"])
def test_an_unknown_button_does_nothing(desk: Client, decision: str):
    given = pending()
    assert "press one of the buttons" in press(desk, given, decision).content.decode()
    assert not ReviewDecision.objects.exists()
