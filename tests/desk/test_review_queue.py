"""What waits for a reviewer: oldest first, with its flags, filtered, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from desk import review_figures
from jobs.models import Consent
from jobs.steps import review
from tests.builders import decide, make_member, pending
from tests.staff import make_staff, queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]
ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="the others check types")
ON_POSTGRES = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="the others know no infinity"
)


def queue(client: Client, query: str = "") -> str:
    return client.get(reverse("desk_reviews") + query).content.decode()


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


def test_a_photo_without_a_veiled_copy_has_a_placeholder_and_no_broken_picture(desk: Client):
    """Those prepared before there were such copies."""
    given = pending(is_veiled=False)
    for page in (queue(desk), desk.get(reverse("desk_review", args=[given.pk])).content.decode()):
        assert 'src="/static/img/veiled.svg"' in page
        assert given.photo.prefix not in page


BROKEN = pytest.mark.parametrize(
    ("column", "value"),
    [
        ("depicted", "'5'"),
        ("depicted", "'\"CHILD\"'"),
        pytest.param("risks", "x'ff'", marks=ON_SQLITE),
        pytest.param("created_at", "'garbage'", marks=ON_SQLITE),
        pytest.param("created_at", "x'ff'", marks=ON_SQLITE),
        pytest.param("created_at", "'infinity'", marks=ON_POSTGRES),
    ],
)


def broken_at(consent: Consent, column: str, value: str) -> None:
    with connection.cursor() as cursor:
        pk = consent.pk if connection.vendor == "postgresql" else consent.pk.hex
        cursor.execute(f"UPDATE jobs_consent SET {column} = {value} WHERE id = %s", [pk])


@BROKEN
def test_a_statement_that_cannot_be_read_hides_no_other_and_is_told_of(
    desk: Client, column: str, value: str
):
    broken, whole = pending(title="Broken one"), pending(title="Whole one")
    assert "can’t be read" not in queue(desk)
    broken_at(broken, column, value)
    page = queue(desk)
    assert "1 statement waits that can’t be read" in page
    assert "Whole one" in page
    assert "Broken one" not in page
    assert queue(desk, f"?after={broken.pk}")
    assert desk.get(reverse("desk_review", args=[broken.pk])).status_code == 404
    started = desk.post(reverse("desk_review_start"))
    assert started.headers["Location"] == reverse("desk_review", args=[whole.pk])
    after = desk.post(reverse("desk_review_go", args=[whole.pk]), {"to": "next"})
    assert after.headers["Location"] == reverse("desk_reviews")


@BROKEN
def test_nor_does_it_hide_a_later_one_of_that_member_about_that_picture(
    desk: Client, column: str, value: str
):
    broken = decide(pending("CHILD"), approve=False)
    member, sha256 = broken.given_by, broken.photo.sha256
    other, later = pending(owner=member), pending(owner=member, sha256=sha256)
    page = desk.get(reverse("desk_review", args=[later.pk])).content.decode()
    assert page.count(str(broken.pk)) == 3  # it is why there are two flags, and one of theirs
    broken_at(broken, column, value)
    page = desk.get(reverse("desk_review", args=[later.pk])).content.decode()
    assert str(other.pk) in page
    assert str(broken.pk) not in page


def test_a_code_that_is_none_of_ours_stands_as_it_is(desk: Client):
    given = pending()
    Consent.objects.filter(pk=given.pk).update(depicted=["CHILD", "A MARTIAN", 5])
    for page in (queue(desk), desk.get(reverse("desk_review", args=[given.pk])).content.decode()):
        assert "A child whose parent or guardian I am, A MARTIAN, 5" in page
