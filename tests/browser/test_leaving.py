"""Letting go, as a person does it: into the trash and back, all data along, the account closed."""

from __future__ import annotations

import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser
PASSWORD = "a-password-of-my-own"


def uploaded(member: Visitor, *names: str) -> None:
    for name in names:
        journey.upload(member, (f"{name}.jpg", pictures.tinted_photo(name), "image/jpeg"))


def as_wide_as_the_screen(page: Page) -> bool:
    page.wait_for_load_state("domcontentloaded")
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without"])
def test_into_the_trash_back_and_away(open_page: OpenPage, people: People, javascript: bool):
    member = people.member()
    uploaded(member, "anna", "berta", "clara")
    page = open_page("phone", signed_in=member, javascript=javascript)
    page.goto("/photos/")
    page.get_by_label("Select anna").check()
    page.get_by_label("Select berta").check()
    page.get_by_role("button", name="To the trash").click()
    expect(page.get_by_text("2 photos are in the trash.")).to_be_visible()
    assert "csrf" not in page.url

    page.get_by_role("link", name="clara").click()
    page.get_by_role("button", name="Put into the trash").click()
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()

    page.get_by_role("link", name="Trash", exact=True).click()
    expect(page).to_have_url(re.compile("/photos/trash/$"))
    assert as_wide_as_the_screen(page)
    page.get_by_role("button", name=re.compile(r"Put back\s*: anna")).click()
    expect(page.get_by_text("“anna” is among your photos again.")).to_be_visible()
    page.locator("summary", has_text=re.compile(r"Erase now\s*: berta")).click()
    page.get_by_role("button", name=re.compile(r"Erase for good\s*: berta")).click()
    expect(page.get_by_text("“berta” has left the trash")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(1)


def test_all_data_along_and_the_account_closed(
    house: Addresses, people: People, open_page: OpenPage
):
    email = "leaver@family.example"
    member = journey.sign_up(house.site, mailbox=house.mailbox, email=email, password=PASSWORD)
    journey.give_credit(people.clerk(), to=email, amount_micros=1_000_000, reason="For a test")
    uploaded(member, "anna")
    page = open_page("phone", signed_in=member)
    page.goto("/account/data/")
    assert as_wide_as_the_screen(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all my data").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.read("originals/anna.jpg") == pictures.tinted_photo("anna")

    page.goto("/account/delete/")
    assert as_wide_as_the_screen(page)
    page.get_by_label("I know that my photos").check()
    page.get_by_label("I give up the $1.00").check()
    page.get_by_role("button", name="Close my account").click()
    closed = page.get_by_role("heading", name="Your account is closed")
    confirm = page.get_by_role("button", name="Confirm")
    expect(closed.or_(confirm)).to_be_visible()
    if confirm.is_visible():
        page.get_by_label("Password").fill(PASSWORD)
        confirm.click()
    expect(closed).to_be_visible()
    page.goto("/photos/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").first.fill(email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The e-mail address or the password is not right.")).to_be_visible()
    member.__exit__(None, None, None)
