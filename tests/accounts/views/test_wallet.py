"""The wallet's page: one's own money, every movement of it, and as few queries for many."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import ledger
from accounts.models import Transfer, User
from accounts.views.wallet import TRANSFERS_ON_A_PAGE
from tests.builders import make_job, make_member, make_photo

pytestmark = pytest.mark.django_db

# Session, member, months, count, transfers, wallet, the month (2), debt, holds.
WALLET_QUERIES = 11


@pytest.fixture
def member(client: Client) -> User:
    """Signed in, with a dollar."""
    user = make_member()
    client.force_login(user)
    return user


def page(client: Client) -> str:
    return client.get(reverse("wallet")).content.decode()


def test_whoever_is_not_signed_in_is_asked_to(client: Client):
    response = client.get(reverse("wallet"))
    assert response["Location"] == f"{reverse('account_login')}?next={reverse('wallet')}"


def test_a_statement_is_only_read(client: Client, member: User):
    assert client.post(reverse("wallet")).status_code == 405


def test_refused_limits_stay_in_the_address_bar_which_leads_to_the_wallet(
    client: Client, member: User
):
    address = reverse("wallet_limits")
    assert client.post(address, {"monthly_limit_micros": "x"}).status_code == 422
    assert client.get(address)["Location"] == reverse("wallet")
    assert client.put(address).status_code == 405


def test_a_member_sees_their_own_money_and_nobody_elses(client: Client, member: User):
    make_member(micros=7_777_777)
    assert "$1.00" in page(client)
    assert "7.777777" not in page(client)


def test_what_is_set_aside_names_its_job_and_leads_to_it(client: Client, member: User):
    job = make_job(photo=make_photo(owner=member, title="Our wedding"))
    text = page(client)
    assert "$0.0031 is set aside for restorations that are under way." in text
    assert "GFPGAN: Our wedding" in text
    assert reverse("job", args=[job.pk]) in text


def test_what_is_settled_is_not_set_aside_any_more(client: Client, member: User):
    job = make_job(photo=make_photo(owner=member))
    assert job.hold is not None
    ledger.capture(hold=job.hold, amount_micros=job.quoted_micros, key="capture:1")
    response = client.get(reverse("wallet"))
    assert list(response.context["holds"]) == []
    assert "Nothing is set aside at the moment." in response.content.decode()
    assert "$0.0031 from what was set aside" in response.content.decode()


def test_every_movement_is_told_with_its_direction_and_the_balance_after_it(
    client: Client, member: User
):
    clerk = make_member()
    ledger.adjust(user=member, amount_micros=-250_000, key="d", actor=clerk, reason="Paid twice")
    newest, oldest = client.get(reverse("wallet")).context["transfers"]
    assert (newest.signed_words, newest.available_after_micros) == ("minus $0.25", 750_000)
    assert (oldest.signed_words, oldest.available_after_micros) == ("plus $1.00", 1_000_000)


def test_an_adjustment_tells_its_reason_and_not_which_clerk_made_it(client: Client, member: User):
    clerk = make_member(email="clerk@heirloom.example")
    ledger.adjust(user=member, amount_micros=1, key="c", actor=clerk, reason="The scan was lost")
    text = page(client)
    assert "The scan was lost" in text
    assert "clerk@heirloom.example" not in text


def test_the_wallet_does_the_same_few_queries_whatever_its_length(
    client: Client, member: User, django_assert_num_queries: Any
):
    make_job(photo=make_photo(owner=member))
    with django_assert_num_queries(WALLET_QUERIES):
        page(client)
    for _ in range(9):
        make_job(photo=make_photo(owner=member))
    with django_assert_num_queries(WALLET_QUERIES):
        page(client)


def test_a_long_statement_comes_in_pages_newest_first(client: Client, member: User):
    for number in range(TRANSFERS_ON_A_PAGE):
        ledger.top_up(user=member, amount_micros=1, key=f"top-up:{number}")
    oldest = Transfer.objects.for_member(member).order_by("pk")[0]
    first = client.get(reverse("wallet")).context["transfers"]
    assert len(first) == TRANSFERS_ON_A_PAGE
    assert oldest not in first
    assert list(client.get(reverse("wallet"), {"page": 2}).context["transfers"]) == [oldest]


def test_a_member_without_a_wallet_gets_an_empty_one(client: Client):
    client.force_login(make_member(micros=0))
    text = page(client)
    assert "$0.00" in text
    assert "Nothing has moved yet" in text


def test_what_a_card_took_back_beyond_the_balance_is_told_as_owed(client: Client, member: User):
    ledger.take_back(user=member, amount_micros=1_500_000, key="r", memo="Refund", reference="")
    assert "You owe $0.50: your card took back a payment" in page(client)
    ledger.top_up(user=member, amount_micros=500_000, key="t")
    assert "You owe" not in page(client)
