"""The trail's page: search by who, what, about whom, when and why; a page at a time, or as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, User
from desk.views import audit as audit_view
from tests.builders import make_member
from tests.staff import client_of, make_clerk, queries

pytestmark = pytest.mark.django_db


def wrote(what: str, *, by: User, at: datetime | None = None, **said: Any) -> AuditEntry:
    with mock.patch("django.utils.timezone.now", return_value=at or timezone.now()):
        return audit.record(**{"actor": by, "action": "price.publish", "what": what, **said})


def shown(client: Client, **query: str) -> list[str]:
    return [one.what for one in client.get(reverse("desk_audit"), query).context["entries"]]


@pytest.fixture
def three(ben: User) -> None:
    cleo = make_clerk(email="cleo@heirloom.example", name="Cleo Clerk")
    maria = make_member(email="maria@heirloom.example", name="Maria Member")
    day = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    wrote("one", by=ben, at=day, member=maria, why="The scan was lost")
    wrote("two", by=cleo, at=day + timedelta(days=1), subject="transfer 12")
    wrote("three", by=cleo, at=day + timedelta(days=2), action="correction.done", member=maria)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"who": "cleo"}, ["three", "two"]),
        ({"who": "Clerk"}, ["three", "two"]),
        ({"about": "maria"}, ["three", "one"]),
        ({"q": "LOST"}, ["one"]),
        ({"q": "transfer 12"}, ["two"]),
        ({"action": "correction.done"}, ["three"]),
        ({"action": "deeds"}, ["three", "two", "one"]),
        ({"first": "2026-03-02"}, ["three", "two"]),
        ({"last": "2026-03-01"}, ["one"]),
        ({"first": "2026-03-02", "last": "2026-03-02"}, ["two"]),
        ({"who": "cleo", "about": "maria"}, ["three"]),
        ({"q": "nowhere"}, []),
    ],
)
def test_the_trail_is_found_by_who_what_whom_when_and_why(
    ben: User, query: dict[str, str], found: list[str]
):
    assert shown(client_of(ben), **query) == found


@pytest.mark.usefixtures("three")
def test_the_filter_names_actions_in_words_and_every_action_that_is_new(billing: Client, ben: User):
    wrote("four", by=ben, action="consent.ask-again")
    page = billing.get(reverse("desk_audit")).content.decode()
    form = page[page.index('<form class="filters"') : page.index("</form>", page.index("filters"))]
    for option in (
        '<option value="deeds">Deeds only, without pages</option>',
        '<option value="correction.done">Correction made alone</option>',
        '<option value="consent.ask-again">Consent: ask again</option>',
    ):
        assert option in form
    assert ":</label>" not in form
    assert '<td role="cell" class="code" data-label="Action">price.publish</td>' in page


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "query", [{"first": "yesterday"}, {"action": "none"}, {"before": "x"}, {"before": "9" * 30}]
)
def test_what_is_not_understood_filters_nothing_out(billing: Client, query: dict[str, str]):
    assert shown(billing, **query)[-3:] == ["three", "two", "one"]


def test_older_entries_follow_exactly_below_while_new_ones_are_written(
    billing: Client, ben: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audit_view, "ENTRIES_ON_A_PAGE", 2)
    for number in range(5):
        wrote(f"entry {number}", by=ben)
    page, query, seen = reverse("desk_audit"), {"q": "entry"}, []
    while True:
        context = billing.get(page, query).context
        seen += [one.what for one in context["entries"]]
        wrote("an entry that is newer", by=ben)
        if context["older"] is None:
            break
        query = {"q": "entry", "before": str(context["older"])}
    assert seen == [f"entry {number}" for number in (4, 3, 2, 1, 0)]


def test_the_csv_has_what_the_filter_finds_and_runs_no_formula(billing: Client, ben: User):
    wrote('=HYPERLINK("http://evil.example")', by=ben, why="@SUM(1)", subject="transfer 7")
    wrote("something else", by=ben)
    answer = billing.get(reverse("desk_audit_csv"), {"q": "transfer 7"})
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer).decode("utf-8-sig")
    header, look, row = csv.reader(io.StringIO(text))
    assert "trail.csv?q=transfer 7" in look[5]  # this very download, written down before it
    assert header == list(audit_view.CSV_HEADER)
    assert row[2:] == [
        "ben@heirloom.example",
        "",
        "price.publish",
        '\'=HYPERLINK("http://evil.example")',
        "",
        "transfer 7",
        "'@SUM(1)",
    ]


def test_what_a_member_typed_is_no_markup_here(billing: Client, ben: User):
    wrote("<script>alert(1)</script>", by=ben)
    assert "<script>alert" not in billing.get(reverse("desk_audit")).content.decode()


def test_the_page_does_a_fixed_number_of_queries(billing: Client, ben: User):
    wrote("one", by=ben, member=make_member())
    counted = queries(billing, reverse("desk_audit"))
    for _ in range(5):
        wrote("more", by=make_clerk(), member=make_member())
    assert queries(billing, reverse("desk_audit")) == counted
