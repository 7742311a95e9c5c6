"""Another language, chosen on a phone at a page's foot: it stays, and letters are in it."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("javascript", [True, False])]


def choose_german(page: Page) -> None:
    address = page.url
    page.get_by_role("contentinfo").get_by_role("button", name="Deutsch").click()
    expect(page).to_have_url(address)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    chosen = page.get_by_role("contentinfo").get_by_role("button", name="Deutsch")
    expect(chosen).to_have_attribute("aria-current", "true")


def letter_has_come(house: Addresses, *, to: str, subject: str) -> bool:
    def look() -> bool:
        with Visitor(house.mailbox) as reader:
            letters = [one.text for one in reader.open("/").content.all("li")]
        return any(to in one and subject in one for one in letters)

    return journey.eventually(look, f"No letter “{subject}” came")


def test_a_visitor_signs_up_in_german(
    open_page: OpenPage, house: Addresses, guard: Guard, javascript: bool
):
    email, password = f"{secrets.token_hex(5)}@family.example", secrets.token_urlsafe(16)
    page = open_page("phone", javascript=javascript)
    page.goto("/")
    choose_german(page)
    guard.look_at_width(page)
    page.get_by_role("banner").get_by_role("link", name="Konto anlegen").click()
    expect(page).to_have_url(re.compile("/accounts/signup/$"))
    guard.look_at_width(page)
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password1]").fill(password)
    page.locator("input[name=password2]").fill(password)
    page.get_by_role("main").get_by_role("button", name="Konto anlegen").click()
    heading = page.get_by_role("heading", name="Bestätigen Sie Ihre E-Mail-Adresse")
    expect(heading).to_be_visible()
    guard.look_at_width(page)
    assert letter_has_come(house, to=email, subject="Bitte bestätigen Sie Ihre E-Mail-Adresse")


def test_a_member_is_written_to_in_german_whoever_asks(
    open_page: OpenPage, house: Addresses, guard: Guard, javascript: bool
):
    email, password = f"{secrets.token_hex(5)}@family.example", secrets.token_urlsafe(16)
    with journey.sign_up(
        house.site, mailbox=house.mailbox, email=email, password=password
    ) as member:
        page = open_page("phone", signed_in=member, javascript=javascript)
    page.goto("/wallet/?kind=CAPTURE")  # leads back to what was looked at
    choose_german(page)
    expect(page.get_by_role("heading", name="Guthaben", exact=True)).to_be_visible()
    expect(page.locator(".balance")).to_have_text("0,00\u00a0$")
    guard.look_at_width(page)
    # In another browser, which asks for English and is nobody's.
    other = open_page("phone", javascript=javascript)
    other.goto("/accounts/password/reset/")
    expect(other.locator("html")).to_have_attribute("lang", "en")
    other.locator("input[name=email]").fill(email)
    other.locator("main form button[type=submit]").click()
    expect(other).to_have_url(re.compile("/password/reset/done/$"))
    assert letter_has_come(house, to=email, subject="Ein neues Passwort für Heirloom")
