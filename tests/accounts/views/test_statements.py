"""The statement: narrowed by kind, month and job; as CSV; and a month to print."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts import ledger, money
from accounts.models import Transfer, User
from accounts.spreadsheets import BYTE_ORDER_MARK, csv_lines
from tests.builders import make_job, make_member, make_photo

pytestmark = pytest.mark.django_db
A_JOB, ANOTHER = "0" * 8 + "-0000-4000-8000-" + "0" * 12, "1" * 8 + "-0000-4000-8000-" + "0" * 12


@pytest.fixture
def member(client: Client) -> Iterator[User]:
    """Signed in, in January; behind them October in and out, November out."""
    with time_machine.travel(datetime(2026, 10, 31, 23, 30, tzinfo=UTC), tick=False):
        user = make_member(micros=1_000)
        first = ledger.hold(user=user, amount_micros=300, key="h1", memo="A", reference=A_JOB)
        ledger.capture(hold=first, amount_micros=300, key="c1")
    with time_machine.travel(datetime(2026, 11, 1, 0, 30, tzinfo=UTC), tick=False):
        ledger.refund(hold=first, amount_micros=100, key="r1", reason="smaller")
        ledger.hold(user=user, amount_micros=50, key="h2", memo="B", reference=ANOTHER)
    with time_machine.travel(datetime(2027, 1, 15, tzinfo=UTC)):
        client.force_login(user)
        yield user


def shown(client: Client, **query: str) -> list[str]:
    response = client.get(reverse("wallet"), query)
    return [transfer.kind for transfer in response.context["transfers"]]


def rows(client: Client, **query: str) -> list[dict[str, str]]:
    response = client.get(reverse("statement_csv"), query)
    text = b"".join(response).decode()
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))


# --- Narrowing --------------------------------------------------------------------------------
def test_a_statement_can_be_narrowed_to_one_kind(client: Client, member: User):
    assert shown(client, kind="HOLD") == ["HOLD", "HOLD"]


def test_a_month_ends_at_midnight_utc(client: Client, member: User):
    assert shown(client, month="2026-10") == ["CAPTURE", "HOLD", "TOP_UP"]
    assert shown(client, month="2026-11") == ["HOLD", "REFUND"]
    assert shown(client, month="2026-11", kind="REFUND") == ["REFUND"]


def test_only_months_in_which_something_moved_are_offered(client: Client, member: User):
    response = client.get(reverse("wallet"))
    offered = response.context["narrowed"].fields["month"].choices
    assert [value for value, _ in offered] == ["", "2026-11", "2026-10"]
    assert "November 2026" in response.content.decode()


def test_what_became_of_one_job_can_be_shown_alone(client: Client, member: User):
    job = make_job(photo=make_photo(owner=make_member()))
    client.force_login(job.owner)
    assert shown(client, job=str(job.pk)) == ["HOLD"]
    other = make_job(photo=make_photo(owner=make_member()))
    assert shown(client, job=str(other.pk)) == []


def test_a_narrowing_that_nobody_understands_filters_nothing_out(client: Client, member: User):
    assert len(shown(client, kind="NONSENSE", month="2026-99", job="x")) == 5


def test_the_pages_of_a_narrowed_statement_stay_narrowed(client: Client, member: User):
    for number in range(60):
        ledger.top_up(user=member, amount_micros=1, key=f"t:{number}")
    text = client.get(reverse("wallet"), {"kind": "TOP_UP"}).content.decode()
    assert "?kind=TOP_UP&amp;page=2" in text


# --- CSV --------------------------------------------------------------------------------------
def test_a_csv_has_every_movement_with_its_direction_and_no_sign(client: Client, member: User):
    refund, hold = rows(client, month="2026-11")[::-1]
    assert (refund["added"], refund["taken"], refund["charged"]) == ("0.0001", "", "")
    assert (hold["added"], hold["taken"], hold["charged"]) == ("", "0.00005", "")
    assert refund["time (UTC)"] == "2026-11-01T00:30:00+00:00"
    assert hold["available after"] == "0.00075"


def test_a_csvs_columns_add_up_to_the_balance(client: Client, member: User):
    everything = rows(client)
    total = sum(Decimal(row["added"] or 0) - Decimal(row["taken"] or 0) for row in everything)
    assert total == Decimal(ledger.wallet_of(member).available_micros) / 1_000_000


@pytest.mark.parametrize(
    "title",
    [
        "=1+1",
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1+1",
        "\r\n=1+1",
        "  =1+1",
        "＝1+1",
        "|x",
    ],
)
def test_a_title_that_looks_like_a_formula_is_only_text_in_a_csv(client: Client, title: str):
    user = make_member()
    ledger.hold(user=user, amount_micros=1, key="h", memo=title, reference=A_JOB)
    client.force_login(user)
    described = rows(client, kind="HOLD")[0]["description"]
    assert described.startswith("'")
    assert "\n" not in described


@given(st.text())
def test_no_cell_of_any_words_begins_like_a_formula(words: str):
    line = "".join(csv_lines(["a"], [[words]])).removeprefix(BYTE_ORDER_MARK)
    (_, *cells) = list(csv.reader(io.StringIO(line, newline="")))
    for (cell,) in (cell for cell in cells if cell and cell[0]):
        assert cell[0] not in "=+-@|%\t\r\n＝＋－＠" or re.fullmatch("-[0-9.,]+", cell)


def test_a_member_downloads_only_their_own(client: Client, member: User):
    client.force_login(make_member(micros=7))
    assert [row["available after"] for row in rows(client)] == ["0.000007"]


# --- A month to print -------------------------------------------------------------------------
def test_a_month_begins_where_the_one_before_ended(client: Client, member: User):
    october = client.get(reverse("wallet_month", args=[2026, 10])).context["statement"]
    november = client.get(reverse("wallet_month", args=[2026, 11])).context["statement"]
    assert (october.opening_available_micros, october.opening_held_micros) == (0, 0)
    assert (october.closing_available_micros, october.closing_held_micros) == (700, 0)
    assert (november.opening_available_micros, november.opening_held_micros) == (700, 0)
    assert (november.closing_available_micros, november.closing_held_micros) == (750, 50)
    assert (october.charged_micros, november.charged_micros) == (300, -100)


def test_a_month_tells_its_sums_and_every_movement_oldest_first(client: Client, member: User):
    response = client.get(reverse("wallet_month", args=[2026, 10]))
    statement = response.context["statement"]
    assert [(s.label, s.count, s.micros) for s in statement.sums] == [
        ("Top-up", 1, 1_000),
        ("Set aside", 1, 300),
        ("Charged", 1, 300),
    ]
    assert [transfer.kind for transfer in statement.transfers] == ["TOP_UP", "HOLD", "CAPTURE"]
    assert "Statement for October 2026" in response.content.decode()


def test_a_month_in_which_more_came_back_than_was_spent_says_so(client: Client, member: User):
    text = client.get(reverse("wallet_month", args=[2026, 11])).content.decode()
    assert "You got back $0.0001 more than restorations cost you in this month." in text


def test_a_quiet_month_keeps_its_balance(client: Client, member: User):
    statement = client.get(reverse("wallet_month", args=[2027, 1])).context["statement"]
    assert statement.opening_available_micros == statement.closing_available_micros == 750


@pytest.mark.parametrize(
    "address",
    [
        f"/wallet/{month}/"
        for month in ("2026-13", "2027-02", "2031-01", "0-1", "9999-12", "99999-1", f"{10**20}-1")
    ],
)
def test_there_is_no_such_month(client: Client, member: User, address: str):
    assert client.get(address).status_code == 404


# --- The member's own limits ------------------------------------------------------------------
def test_limits_are_set_in_dollars_and_shown_again(client: Client, member: User):
    said = {"monthly_limit_micros": "12.5", "warn_below_micros": "0.0031"}
    assert client.post(reverse("wallet_limits"), said).status_code == 302
    wallet = ledger.wallet_of(member)
    assert (wallet.monthly_limit_micros, wallet.warn_below_micros) == (12_500_000, 3_100)
    text = client.get(reverse("wallet")).content.decode()
    assert 'value="12.50"' in text
    assert "of $12.50" in text


def test_empty_limits_are_none(client: Client, member: User):
    client.post(reverse("wallet_limits"), {"monthly_limit_micros": "", "warn_below_micros": ""})
    wallet = ledger.wallet_of(member)
    assert (wallet.monthly_limit_micros, wallet.warn_below_micros) == (None, None)


@pytest.mark.parametrize("words", ["-1", "a lot", "0.0000001", "NaN", "1e99", "99999999999999"])
def test_a_limit_that_is_no_amount_is_refused_beside_its_field(
    client: Client, member: User, words: str
):
    response = client.post(reverse("wallet_limits"), {"monthly_limit_micros": words})
    assert response.status_code == 422
    assert "monthly_limit_micros" in response.context["limits"].errors
    assert ledger.wallet_of(member).monthly_limit_micros is None


@given(st.integers(min_value=0, max_value=10**15))
def test_dollars_and_micros_are_the_same_amount(micros: int):
    assert money.micros(Decimal(money.decimal_dollars(micros))) == micros
    assert money.dollars(micros).replace(",", "").lstrip("$") == money.decimal_dollars(micros)


def test_what_a_statement_shows_is_the_members_alone(member: User):
    assert Transfer.objects.for_member(make_member(micros=0)).count() == 0
