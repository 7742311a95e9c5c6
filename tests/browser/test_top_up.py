"""Paying in by card, as a member sees it: paid, declined, given up."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys.people import People

pytestmark = pytest.mark.browser
BANK_SECONDS = 5  # as the house starts


def to_the_card_page(page: Page, amount: str = "Add $10") -> None:
    page.goto("/wallet/")
    page.get_by_role("button", name=amount, exact=True).click()
    expect(page).to_have_url(re.compile(r"/pay/cs_test_"))


def type_card(page: Page, number: str) -> None:
    page.get_by_role("textbox", name="Card number").fill(number)
    page.get_by_role("button", name=re.compile(r"^Pay \$")).click()


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_card_brings_the_money_and_the_first_payments_present(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    page = open_page(screen, signed_in=people.member(credit_micros=0))
    page.goto("/wallet/")
    expect(page.get_by_text("Your first payment brings a present of $5.00")).to_be_visible()
    guard.look_at_width(page)
    to_the_card_page(page)
    guard.look_at_width(page)
    type_card(page, "4242 4242 4242 4242")
    expect(page.get_by_role("heading", name="Paid: $10.00 is in your wallet")).to_be_visible()
    expect(page.get_by_text("our present of $5.00")).to_be_visible()
    guard.look_at_width(page)
    page.get_by_role("link", name="See your wallet").click()
    expect(page.locator(".balance")).to_have_text("$15.00")
    expect(page.get_by_text("Your first payment brings a present")).to_have_count(0)


def test_a_double_click_on_an_amount_is_one_payment(
    open_page: OpenPage, people: People, house: Addresses
):
    page = open_page(signed_in=people.member(credit_micros=0))
    before = payments(house)
    page.goto("/wallet/")
    page.get_by_role("button", name="Add $20", exact=True).dblclick()
    expect(page).to_have_url(re.compile(r"/pay/cs_test_"))
    assert payments(house) == before + 1


def payments(house: Addresses) -> int:
    return len(httpx.get(f"{house.cards}payments", timeout=60, trust_env=False).json())


def behave(house: Addresses, **wanted: int) -> None:
    """How the card processor and the banks behind it are, from now on."""
    said = {"action": "behave", **wanted}
    httpx.post(f"{house.cards}act", json=said, timeout=60, trust_env=False).raise_for_status()


@pytest.fixture
def slow_bank(house: Addresses) -> Iterator[None]:
    """Nobody sees a bank at work that has decided before the page is there."""
    behave(house, bank_seconds=12)
    yield
    behave(house, bank_seconds=BANK_SECONDS)


def test_a_declined_card_says_why_and_another_one_pays(
    open_page: OpenPage, people: People, guard: Guard
):
    page = open_page("phone", signed_in=people.member(credit_micros=0))
    page.goto("/wallet/")
    page.get_by_label("Another amount in dollars").fill("7.50")
    page.get_by_role("button", name="Add this amount").click()
    guard.expect_refusal(402)
    type_card(page, "4000 0000 0000 0002")
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    guard.look_at_width(page)
    type_card(page, "4242424242424242")
    expect(page.get_by_role("heading", name="Paid: $7.50 is in your wallet")).to_be_visible()


def test_going_back_charges_nothing_and_the_same_payment_can_still_be_made(
    open_page: OpenPage, people: People, guard: Guard
):
    page = open_page("phone", signed_in=people.member(credit_micros=0))
    to_the_card_page(page)
    card_page = page.url
    page.get_by_role("link", name="Cancel, and go back without paying").click()
    expect(page.get_by_role("heading", name="You came back without paying")).to_be_visible()
    expect(page.get_by_text("Nothing was charged.")).to_be_visible()
    guard.look_at_width(page)
    page.get_by_role("button", name="Pay $10.00 by card").click()
    expect(page).to_have_url(card_page)


@pytest.mark.usefixtures("slow_bank")
def test_a_payment_that_the_bank_decides_later_shows_itself(open_page: OpenPage, people: People):
    page = open_page(signed_in=people.member(credit_micros=0))
    to_the_card_page(page)
    page.get_by_role("button", name="Bank that pays").click()
    expect(page.get_by_role("heading", name="Your bank is still working on it")).to_be_visible()
    paid = page.get_by_role("heading", name="Paid: $10.00 is in your wallet")
    expect(paid).to_be_visible(timeout=60_000)  # it looks after 2, 6, 14 and 30 seconds


def test_a_payment_that_the_bank_refuses_is_told(open_page: OpenPage, people: People):
    page = open_page(signed_in=people.member(credit_micros=0))
    to_the_card_page(page)
    page.get_by_role("button", name="Bank that refuses").click()
    expect(page.get_by_role("heading", name="The payment did not go through")).to_be_visible()
    expect(page.get_by_text("Nothing was charged, and your wallet is as it was.")).to_be_visible()


def test_a_card_processor_that_is_away_is_told_and_can_be_tried_again(
    open_page: OpenPage, people: People, house: Addresses, guard: Guard
):
    page = open_page("phone", signed_in=people.member(credit_micros=0))
    page.goto("/wallet/")
    behave(house, api_down=2)
    page.get_by_role("button", name="Add $10", exact=True).click()
    expect(page.get_by_text("be reached right now. Nothing was charged.")).to_be_visible()
    guard.look_at_width(page)
    page.get_by_role("button", name="Pay $10.00 by card").click()
    expect(page).to_have_url(re.compile(r"/pay/cs_test_"))


def test_without_javascript_a_card_pays_too(open_page: OpenPage, people: People):
    page = open_page("phone", signed_in=people.member(credit_micros=0), javascript=False)
    to_the_card_page(page)
    type_card(page, "4242 4242 4242 4242")
    expect(page.get_by_role("heading", name="Paid: $10.00 is in your wallet")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_an_amount_that_cant_be_says_so_beside_it_and_stays(
    open_page: OpenPage, people: People, guard: Guard, javascript: bool
):
    page = open_page("phone", signed_in=people.member(credit_micros=0), javascript=javascript)
    guard.expect_refusal(422)
    page.goto("/wallet/")
    amount = page.get_by_label("Another amount in dollars")
    amount.fill("3")
    page.get_by_role("button", name="Add this amount").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(amount).to_have_value("3")
    expect(amount).to_be_focused()
    expect(amount).to_have_accessible_description(re.compile("choose an amount from \\$5.00"))
    guard.look_at_width(page)
    amount.fill("7.50")
    page.get_by_role("button", name="Add this amount").click()
    expect(page).to_have_url(re.compile(r"/pay/cs_test_"))
