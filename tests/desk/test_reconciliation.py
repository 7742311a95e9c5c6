"""The reconciliation's pages: import, explain and close as a clerk does, and nobody else."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import corrections
from accounts.models import AuditEntry, User
from accounts.roles import BILLING_STAFF, REVIEWERS
from jobs.models import Attempt, DayClose, Finding, UsageImport
from jobs.reconciliation import ONE_DAY, closing
from tests.builders import make_job
from tests.jobs.usage import NOON, Line, attempted, billed, delivered, export
from tests.staff import staff

pytestmark = pytest.mark.django_db

DAY = "2026-05-20"


@pytest.fixture
def desk() -> tuple[Client, User]:
    return staff(BILLING_STAFF)


def bring(client: Client, lines: list[Line], name: str = "usage.csv", **said: Any) -> Any:
    file = SimpleUploadedFile(name, export(lines), "text/csv")
    return client.post(reverse("desk_usage_import"), {"file": file, **said})


def page(client: Client, name: str = "desk_day", *args: Any) -> str:
    return client.get(reverse(name, args=args or [DAY])).content.decode()


def test_a_clerk_imports_explains_and_closes_a_day(desk: tuple[Client, User]):
    client, clerk = desk
    good, missing = delivered(), delivered()
    done = bring(client, [billed(good), Line("nobodys")])
    assert done["Location"] == f"{reverse('desk_reconciliation')}?month=2026-05"
    month = client.get(done["Location"]).content.decode()
    assert "2 lines are in. 2 findings (" in month
    assert "no such request: 1)." in month
    assert reverse("desk_day", args=[DAY]) in month

    text = page(client)
    assert "Billed, and we know no such request" in text
    assert str(missing.request_id) in text
    assert "Expected by our books" in text
    assert str(missing.job.owner) in text
    assert "First every line has to be explained." in text

    for finding in Finding.objects.all():
        said = {"kind": finding.kind, "finding": [finding.pk], "explanation": "The vendor knows."}
        answer = client.post(reverse("desk_explain", args=[DAY]), said)
        assert answer["Location"] == reverse("desk_day", args=[DAY])
    assert "The vendor knows." in page(client)

    client.post(reverse("desk_close_day", args=[DAY]), {"note": "All asked."})
    close = DayClose.objects.get()
    assert (close.closed_by, close.note, close.finding_count) == (clerk, "All asked.", 2)
    text = page(client)
    assert "All asked." in text
    assert "Close the day" not in text


def test_what_is_wrong_with_a_file_is_said_and_nothing_is_taken(desk: tuple[Client, User]):
    client, _ = desk
    answer = bring(client, [Line("fine"), Line("bad", cost="free")])
    assert answer.status_code == 422
    assert "Line 3: the cost &#x27;free&#x27; is no amount" in answer.content.decode()
    assert client.post(reverse("desk_usage_import"), {}).status_code == 422
    assert not UsageImport.objects.exists()


def test_days_can_be_named_and_an_overlap_said(desk: tuple[Client, User]):
    client, _ = desk
    missing = delivered()
    days = {"first_day": DAY, "last_day": DAY}
    assert bring(client, [], **days).status_code == 302
    assert Finding.objects.get().request_id == missing.request_id
    bring(client, [billed(missing)], "late.csv")
    bring(client, [billed(missing), Line("nobodys")], "both.csv", overlaps="on")
    assert set(Finding.objects.values_list("kind", flat=True)) == {"MISSING", "EXTRA"}


def test_all_lines_of_a_kind_are_explained_at_once(desk: tuple[Client, User]):
    client, _ = desk
    bring(client, [Line(f"nobodys-{number}") for number in range(30)] + [Line("nobodys-1")])
    said = {"kind": "EXTRA", "all": "on", "explanation": "Our other house."}
    client.post(reverse("desk_explain", args=[DAY]), said)
    assert list(Finding.objects.unexplained().values_list("kind", flat=True)) == ["DOUBLED"]


def test_all_means_all_however_many_with_one_line_in_the_trail_for_each_thousand(
    desk: tuple[Client, User], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(closing, "EXPLAINED_IN_A_ROW", 10)
    client, clerk = desk
    bring(client, [Line(f"nobodys-{number}", cost="0.1") for number in range(25)])
    said = {"kind": "EXTRA", "all": "on", "explanation": "Our other house."}
    with CaptureQueriesContext(connection) as queries:
        client.post(reverse("desk_explain", args=[DAY]), said)
    assert len(queries) < 30
    assert not Finding.objects.unexplained().exists()
    assert set(Finding.objects.values_list("closed_by", "explanation")) == {
        (clerk.pk, "Our other house.")
    }
    entries = AuditEntry.objects.filter(action="usage.explain").order_by("pk")
    told = f"EXTRA findings on {DAY}: billed"
    assert [one.what for one in entries] == [
        f"10 {told} $1.00, expected $0.00",
        f"10 {told} $1.00, expected $0.00",
        f"5 {told} $0.50, expected $0.00",
    ]
    assert {(one.why, one.actor) for one in entries} == {("Our other house.", clerk)}


def test_an_orphan_shows_what_was_refunded_by_whom_and_why(desk: tuple[Client, User]):
    client, clerk = desk
    attempt = delivered()
    assert attempt.job.hold is not None
    corrections.ask(
        form_id=uuid.uuid4(),
        kind="REFUND",
        member=attempt.job.owner,
        hold=attempt.job.hold,
        amount_micros=3_100,
        reason="A scratch was left across the face",
        by=clerk,
    )
    bring(client, [billed(attempt)])
    assert Finding.objects.get().kind == "ORPHANED"
    text = " ".join(page(client).split())
    assert f"$0.0031 refunded by {clerk}: A scratch was left across the face" in text


@pytest.mark.parametrize(
    "days",
    [
        {"first_day": "0001-01-01", "last_day": "0001-01-02"},
        {"first_day": "2019-12-31", "last_day": "2020-01-01"},
        {"first_day": "9999-12-30", "last_day": "9999-12-31"},
    ],
)
def test_days_that_have_no_page_are_refused(desk: tuple[Client, User], days: dict[str, str]):
    client, _ = desk
    assert bring(client, [], **days).status_code == 422


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "EXTRA", "explanation": "Nothing is ticked."},
        {"kind": "EXTRA", "explanation": " ", "all": "on"},
        {"kind": "EXTRA", "explanation": "\u200b…", "all": "on"},
        {"kind": "DOUBLED", "explanation": "There is none.", "all": "on"},
        {"kind": "HOLD", "explanation": "No such kind.", "all": "on"},
    ],
)
def test_an_explanation_that_explains_nothing_is_refused(
    desk: tuple[Client, User], said: dict[str, str]
):
    client, _ = desk
    bring(client, [Line("nobodys")])
    answer = client.post(reverse("desk_explain", args=[DAY]), said)
    assert answer.status_code == 422
    assert Finding.objects.unexplained().count() == 1


def test_a_day_that_cannot_be_closed_says_why(desk: tuple[Client, User]):
    client, _ = desk
    bring(client, [Line("nobodys")])
    answer = client.post(reverse("desk_close_day", args=[DAY]), {"note": ""})
    assert answer.status_code == 422
    assert "1 line of this day still to be explained." in answer.content.decode()


def test_what_comes_after_the_close_is_marked(desk: tuple[Client, User]):
    client, _ = desk
    good = delivered()
    bring(client, [billed(good)])
    client.post(reverse("desk_close_day", args=[DAY]))
    bring(client, [Line("nobodys")], "late.csv")
    assert "Something came since" in page(client)
    assert "since the close" in page(client)
    assert (
        "Something came since"
        in client.get(reverse("desk_reconciliation"), {"month": "2026-05"}).content.decode()
    )


def test_the_findings_of_a_month_are_a_file_that_no_spreadsheet_runs(desk: tuple[Client, User]):
    client, clerk = desk
    bring(client, [Line("=HYPERLINK(1)"), billed(delivered(), cost="1.5")])
    answer = client.get(reverse("desk_findings_csv"), {"month": "2026-05"})
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=HYPERLINK(1)" in text
    assert ",0.0031,1.50,usage.csv,3," in text
    assert AuditEntry.objects.filter(action="page", actor=clerk, what__contains="findings.csv")


@pytest.mark.parametrize("month", ["", "2026-13", "9999-12", "0001-01", "x"])
def test_a_month_that_is_none_is_this_one(desk: tuple[Client, User], month: str):
    client, _ = desk
    assert client.get(reverse("desk_reconciliation"), {"month": month}).status_code == 200


@pytest.mark.parametrize("day", ["2026-02-30", "9999-12-31"])
def test_a_day_that_is_none_is_not_found(desk: tuple[Client, User], day: str):
    client, _ = desk
    assert client.get(f"/desk/reconciliation/{day}/").status_code == 404


def test_pages_ask_as_little_for_many_lines_as_for_few(desk: tuple[Client, User]):
    client, _ = desk
    counts = []
    for number in (1, 12):
        lines = [billed(delivered(), cost="1") for _ in range(number)]
        bring(client, [*lines, Line(f"nobodys-{number}")], f"{number}.csv")
        page(client)  # takes the message of the import with it
        with CaptureQueriesContext(connection) as queries:
            page(client)
            client.get(reverse("desk_reconciliation"), {"month": "2026-05"})
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "desk_reconciliation"),
        ("post", "desk_usage_import"),
        ("post", "desk_fal_usage"),
        ("get", "desk_day"),
        ("post", "desk_explain"),
        ("post", "desk_close_day"),
        ("get", "desk_findings_csv"),
    ],
)
@pytest.mark.parametrize("role", [REVIEWERS, ""])
def test_nobody_else_comes_in(method: str, name: str, role: str):
    client, _ = staff(role)
    with_day = name in ("desk_day", "desk_explain", "desk_close_day")
    address = reverse(name, args=[DAY] if with_day else [])
    assert getattr(client, method)(address).status_code == 403
    assert getattr(Client(), method)(address).status_code == 302


@pytest.mark.parametrize("name", ["desk_usage_import", "desk_fal_usage"])
def test_a_buttons_address_leads_to_the_reconciliation(desk: tuple[Client, User], name: str):
    assert desk[0].get(reverse(name))["Location"] == reverse("desk_reconciliation")


@pytest.mark.parametrize("name", ["desk_explain", "desk_close_day"])
def test_a_days_buttons_address_leads_to_the_day(desk: tuple[Client, User], name: str):
    day = reverse("desk_day", args=[DAY])
    assert desk[0].get(reverse(name, args=[DAY]))["Location"] == day


def test_what_another_vendor_completed_is_summed_by_day_to_be_compared_by_hand(
    desk: tuple[Client, User],
):
    empty = desk[0].get(reverse("desk_reconciliation"), {"month": "2026-05"})
    assert "Other vendors" not in empty.content.decode()  # there is no key for another
    for cost, at in ((2_100, NOON), (4_200, NOON), (8_400, NOON + ONE_DAY), (50_000, None)):
        attempt = attempted(make_job(), completed_at=at)
        Attempt.objects.filter(pk=attempt.pk).update(vendor="fal", own_cost_micros=cost)
    attempted(make_job())  # Pixazo's stands in the table above
    answer = desk[0].get(reverse("desk_reconciliation"), {"month": "2026-05"})
    other = answer.context["other_vendors"]
    assert [(row["day"], row["name"], row["count"], row["micros"]) for row in other.days] == [
        (date(2026, 5, 21), "fal.ai", 1, 8_400),
        (date(2026, 5, 20), "fal.ai", 2, 6_300),
    ]
    assert (other.count, other.micros) == (3, 14_700)
    assert "compared by hand" in answer.content.decode()


def report(*days: tuple[str, str], **said: Any) -> bytes:
    """As fal's documentation shows an answer of its usage."""
    result = '"endpoint_id": "fal-ai/codeformer", "unit": "megapixels", "currency": "USD"'
    series = ",".join(
        f'{{"bucket": "{bucket}", "results": [{{{result}, "cost": {cost}}}]}}'
        for bucket, cost in days
    )
    more = json.dumps({"next_cursor": None, "has_more": False, **said})[1:]
    return f'{{"time_series": [{series}], {more}'.encode()


def compare(client: Client, data: bytes) -> Any:
    file = SimpleUploadedFile("usage.json", data, "application/json")
    return client.post(reverse("desk_fal_usage"), {"report": file})


def test_fals_own_report_is_held_beside_our_books_by_day(desk: tuple[Client, User]):
    for cost, at in ((2_100, NOON), (4_200, NOON + ONE_DAY)):
        attempt = attempted(make_job(), completed_at=at)
        Attempt.objects.filter(pk=attempt.pk).update(vendor="fal", own_cost_micros=cost)
    attempted(make_job())  # Pixazo's
    answer = compare(
        desk[0],
        report(
            ("2026-05-20T00:00:00Z", "0.0021"),
            ("2026-05-21T00:00:00+00:00", "0.0021"),
            ("2026-05-22T00:00:00Z", "0.1000004"),
        ),
    )
    assert [
        (row.day.day, row.count, row.expected_micros, row.billed_micros, row.difference_micros)
        for row in answer.context["compared"]
    ] == [(22, 0, 0, 100_000, 100_000), (21, 1, 4_200, 2_100, -2_100), (20, 1, 2_100, 2_100, 0)]
    text = answer.content.decode()
    assert "$0.0021 too little" in text
    assert "$0.10 too much" in text
    assert not UsageImport.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "not the JSON"),
        (b"[" * 100_000, "not the JSON"),
        (report(("2026-05-20T00:00:00Z", '"a lot"')), "not the JSON"),
        (report(("2026-05-20T00:00:00Z", "-1")), "not the JSON"),
        (report(("yesterday", "1")), "not the JSON"),
        (report(("2026-05-20T00:00:00-05:00", "1")), "timezone=UTC"),
        (report(("2026-05-20T00:00:00", "1")), "timezone=UTC"),
        (report(("2026-05-20T00:00:00Z", "1"), has_more=True), "one page of several"),
        (report(("2026-05-20T00:00:00Z", "1")).replace(b"USD", b"EUR"), "not in dollars"),
        (b"", "empty"),
    ],
)
def test_a_report_that_cannot_be_trusted_is_refused_with_the_reason(
    desk: tuple[Client, User], settings: Any, data: bytes, words: str
):
    settings.FAL_KEY = "a key"
    answer = compare(desk[0], data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
