"""The review desk: a queue, one statement with a veiled picture, decisions, figures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from desk import review_figures
from jobs import notices
from jobs.models import Consent, ConsentStatus, Photo, PhotoState, ReviewDecision
from jobs.states import JobState
from jobs.steps import review
from tests.builders import decide, make_consent, make_job, make_member, make_photo
from tests.staff import REVIEWERS, client_of, make_clerk, make_staff, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


@pytest.fixture
def rosa() -> User:
    return make_staff(REVIEWERS, email="rosa@heirloom.example")


@pytest.fixture
def desk(rosa: User) -> Client:
    return client_of(rosa)


def pending(who: str = "OTHER", **photo: Any) -> Consent:
    return make_consent(make_photo(**photo), depicted=(who,))


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


# --- The queue ----------------------------------------------------------------------------------
def test_the_oldest_stands_first_with_its_flags_and_how_long_it_waits(desk: Client):
    old, new = pending("CHILD", title="Old one"), pending(title="New one")
    Consent.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    page = queue(desk)
    assert page.index("Old one") < page.index("New one")
    for words in ("Child", "Somebody else", "3\xa0days ago", old.given_by.email, "0 of 2"):
        assert words in page
    assert str(new.pk) in page


def test_an_empty_queue_says_so(desk: Client):
    page = queue(desk)
    assert "Nothing waits" in page
    assert "Begin with the oldest" not in page


def test_the_queue_counts_what_waits_what_is_mine_and_what_was_asked(desk: Client, rosa: User):
    pending("CHILD")
    review.claim(consent=pending(), by=rosa)
    asked = pending()
    review.ask(consent=asked, by=rosa, seen=review.seen(asked), question="Who?")
    counts = review_figures.waiting_now(rosa, now=timezone.now())
    assert (counts.waiting, counts.mine, counts.asked) == (2, 1, 1)
    assert {risk.value: count for risk, count in counts.flags if count} == {
        "CHILD": 1,
        "OTHER_PERSON": 1,
    }


def test_the_filters_leave_what_they_say(desk: Client, rosa: User):
    child, other = pending("CHILD", title="Kid"), pending(title="Neighbour")
    Consent.objects.filter(pk=other.pk).update(created_at=timezone.now() - timedelta(days=5))
    review.claim(consent=child, by=rosa)
    asked = pending(title="Stranger")
    review.ask(consent=asked, by=rosa, seen=review.seen(asked), question="Who?")
    for query, titles in (
        ("?flag=CHILD", {"Kid"}),
        ("?age=3", {"Neighbour"}),
        ("?age=7", set()),
        ("?hand=mine", {"Kid"}),
        ("?hand=free", {"Neighbour"}),
        (f"?member={other.given_by.email}", {"Neighbour"}),
        ("?member=nobody@", set()),
        ("?status=QUESTIONED", {"Stranger"}),
        ("?flag=NONSENSE&age=x", {"Kid", "Neighbour"}),
    ):
        response = desk.get(reverse("desk_reviews") + query)
        shown = {item["consent"].photo.title for item in response.context["items"]}
        assert shown == titles, query


def test_the_queue_is_cut_into_pages_and_goes_on_after_the_last_one(
    desk: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("desk.views.review.ITEMS_ON_A_PAGE", 2)
    given = [pending() for _ in range(5)]
    seen: list[Any] = []
    query = ""
    while True:
        context = desk.get(reverse("desk_reviews") + query).context
        seen += [item["consent"] for item in context["items"]]
        if context["later"] is None:
            break
        query = f"?after={context['later']}"
    assert seen == given
    assert "Later" not in queue(desk, "?after=nonsense&flag=WITHDRAWN_BEFORE")


def test_the_queue_does_a_fixed_number_of_queries(desk: Client, rosa: User):
    decide(pending("CHILD"), by=make_member())
    counted = queries(desk, reverse("desk_reviews"))
    for _ in range(4):
        given = pending("CHILD")
        review.approve(consent=given, by=make_member(), seen=review.seen(given))
        review.claim(consent=given, by=make_staff())
    assert queries(desk, reverse("desk_reviews")) == counted


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
    assert "This field is required." in page
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


# --- Figures ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("count", "median", "percentile_95"),
    [(0, None, None), (1, 1, 1), (2, 1, 2), (3, 2, 3), (19, 10, 19), (20, 10, 19), (100, 50, 95)],
)
def test_a_percentile_is_the_nearest_rank(
    count: int, median: int | None, percentile_95: int | None
):
    ordered = [timedelta(minutes=number) for number in range(1, count + 1)]
    for percent, minutes in ((50, median), (95, percentile_95)):
        expected = None if minutes is None else timedelta(minutes=minutes)
        assert review_figures.percentile(ordered, percent) == expected


def test_the_wait_ends_with_the_deciding_decision_and_counts_in_its_period():
    quick, slow, half, child = pending(), pending(), pending(), pending("CHILD")
    now = timezone.now()
    for given, hours in ((quick, 1), (slow, 30), (child, 10)):
        Consent.objects.filter(pk=given.pk).update(created_at=now - timedelta(hours=hours))
        decide(given, approve=given != slow)
    review.ask(consent=half, by=make_member(), seen=review.seen(half), question="Who?")
    later = now + timedelta(hours=25)
    day, week, *_ = review_figures.waits(timezone.now())
    assert (day.count, week.count) == (3, 3)
    assert day.median is not None
    assert round(day.median.total_seconds() / 3600) == 10
    assert day.percentile_95 is not None
    assert round(day.percentile_95.total_seconds() / 3600) == 30
    day, week, *_ = review_figures.waits(later)
    assert (day.count, day.median, week.count) == (0, None, 3)


def test_decisions_are_counted_by_reviewer_and_rejections_by_reason(desk: Client, rosa: User):
    decide(pending(), by=rosa)
    decide(pending(), by=rosa, approve=False)
    asked = pending()
    review.ask(consent=asked, by=rosa, seen=review.seen(asked), question="Who?")
    since = timezone.now() - timedelta(days=1)
    assert review_figures.by_reviewer(since=since) == [
        review_figures.ReviewerTally(rosa.email, approved=1, rejected=1, asked=1)
    ]
    reasons = {one.reason: one.count for one in review_figures.by_reason(since=since)}
    assert reasons["The person shown should be asked first"] == 1
    assert sum(reasons.values()) == 1
    page = desk.get(reverse("desk_review_figures")).content.decode()
    for words in ("95th percentile", rosa.email, "The person shown should be asked first"):
        assert words in page


def test_the_figures_do_a_fixed_number_of_queries(desk: Client, rosa: User):
    path = reverse("desk_review_figures")
    decide(pending(), by=rosa)
    counted = queries(desk, path)
    for approve in (True, False, True):
        decide(pending(), approve=approve)
    assert queries(desk, path) == counted
