"""Members' words can turn no other words at the desk round, nor hide in a file or an attribute."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.models import User
from accounts.words import straight
from jobs.models import Consent
from jobs.steps import consent as consent_step
from jobs.steps import order, review
from jobs.wording import Words
from tests.builders import make_job, make_member, make_photo, the_notice
from tests.staff import client_of, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]

TURN = "\u202e"  # RIGHT-TO-LEFT OVERRIDE: everything after it runs backwards
NO_END = {"img", "meta", "link", "input", "br", "hr", "base", "source"}


class Loose(HTMLParser):
    """Collects what turns directions outside a `<bdi>`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in NO_END:
            self.inside.append(tag)
        self.found += [f"{tag} {name}" for name, value in attrs if TURN in (value or "")]

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if TURN in data and "bdi" not in self.inside:
            self.found.append(data.strip())


@pytest.fixture
def given() -> Consent:
    """Somebody who writes backwards wherever they can, asked once and answering so."""
    owner = make_member(name=f"Maria {TURN}reviewer", micros=50_000_000)
    photo = make_photo(owner=owner, title=f"Gran{TURN}gpj")
    (given,) = consent_step.give_many(
        photos=[photo],
        by=owner,
        session_key="session",
        notice=the_notice(),
        notice_language="en",
        words=Words(("pixazo",)),
        depicted=("OTHER",),
        basis=f"My {TURN}neighbour",
        vendors=["pixazo"],
        keep_until=None,
    )
    review.ask(consent=given, by=make_member(), seen=review.seen(given), question="Who?")
    given = review.answer(consent=given, by=owner, text=f"She {TURN}said so.")
    order.cancel(job=make_job(photo=photo), by=owner)
    make_job(photo=photo)
    return given


def test_no_page_of_the_desk_is_turned_round(given: Consent, rosa: User):
    root = make_staff(is_superuser=True)

    audit.record(actor=root, action="x", what=f"Saw {TURN}it", why=f"As {TURN}said")
    admin, desk = client_of(root), client_of(rosa)
    member = given.given_by_id
    pages = [
        admin.get(reverse("desk")),
        admin.get(reverse("desk_members"), {"q": given.given_by.email}, follow=True),
        admin.get(reverse("desk_members"), {"q": "reviewer"}, follow=True),
        admin.get(reverse("desk_member", args=[member])),
        admin.get(reverse("desk_transfers", args=[member])),
        admin.get(reverse("desk_overview")),
        admin.get(reverse("desk_corrections")),
        admin.get(reverse("desk_adjust", args=[member])),
        admin.get(reverse("desk_audit")),
        desk.get(reverse("desk_reviews")),
        desk.get(reverse("desk_review", args=[given.pk])),
        desk.post(reverse("desk_review_show", args=[given.pk])),
    ]
    seen = 0
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        seen += TURN in text
        assert Loose(text).found == [], page.request["PATH_INFO"]
    assert seen >= 6, "the words must stand in the pages for this to say anything"


def test_the_message_after_a_decision_is_not_turned_round(given: Consent, desk: Client):
    desk.post(reverse("desk_review_show", args=[given.pk]))
    shown = review.seen(given)
    page = desk.post(
        reverse("desk_review_decide", args=[given.pk]),
        {
            "decision": "approve",
            "photo_sha256": shown.photo_sha256,
            "notice_version": shown.notice_version,
            "newest_version": shown.newest_version,
        },
        follow=True,
    ).content.decode()
    assert "“Grangpj” is approved" in page
    assert Loose(page).found == []


def test_no_cell_of_the_trails_file_turns_the_line_round(billing: Client, ben: User):
    audit.record(actor=ben, action="x", what=f"Saw {TURN}it", why="\u2067As\u2069 said")
    text = b"".join(billing.get(reverse("desk_audit_csv"))).decode()
    assert "Saw it" in text
    assert "As said" in text
    assert straight(text) == text


def test_marks_that_writing_from_right_to_left_needs_are_left():
    assert straight("a\u200fb\u200ec\u061cd") == "a\u200fb\u200ec\u061cd"
