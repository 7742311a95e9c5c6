"""A link to a result: made, opened by somebody without an account, counted, ended."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser
TITLE = "Aunt Adelheid"


@pytest.fixture(scope="module")
def restored(people: People) -> tuple[Visitor, str]:
    """A member, and a photo with a result."""
    member = people.member()
    photo = journey.upload(member, (f"{TITLE}.jpg", pictures.tinted_photo(TITLE), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    assert journey.ended(member, journey.order(member, photo, "gfpgan")).state == "DELIVERED"
    return member, photo


def new_link(page: Page, photo: str) -> str:
    """From the photo's page to the address, which is shown this once."""
    page.goto(photo)
    page.locator("[data-job-state]").get_by_role("link", name="Share").click()
    page.get_by_label("1 day").check()
    page.get_by_label("Show the photo’s title").check()
    page.get_by_label("Those in the picture", exact=False).check()
    page.get_by_role("button", name="Make the link").click()
    return page.locator("#address").inner_text()


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_link_shows_the_picture_to_whoever_has_it_until_it_is_ended(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard, screen: str
):
    member, photo = restored
    owner, guest = open_page(screen, signed_in=member), open_page(screen)
    address = new_link(owner, photo)
    guard.look_at_width(owner)

    for _ in range(2):
        guest.goto(address)
    expect(guest.get_by_role("heading", name=TITLE)).to_be_visible()
    (picture,) = guest.get_by_role("img", name="The photo, restored").all()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert guest.context.cookies() == []
    guard.look_at_width(guest)

    owner.goto("/photos/")
    owner.locator(".menu summary").click()
    owner.get_by_role("link", name="Shared links").click()
    newest = owner.get_by_role("listitem").filter(has_text=TITLE).first
    expect(newest).to_contain_text("Works")
    expect(newest).to_contain_text("Opened 2 times.")
    guard.look_at_width(owner)
    newest.get_by_role("button", name=re.compile("^End the link")).click()
    expect(owner.get_by_text("The link is ended.")).to_be_visible()
    expect(newest).to_contain_text("Ended by you")

    guard.expect_refusal(404)
    guest.goto(address)
    expect(guest.get_by_role("heading", name="This link shows nothing any more")).to_be_visible()
    expect(guest.locator("main img")).to_have_count(0)
    guard.look_at_width(guest)


def test_without_javascript_a_link_is_made_and_ended_too(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard
):
    member, photo = restored
    owner = open_page("phone", signed_in=member, javascript=False)
    address = new_link(owner, photo)
    guest = open_page("phone", javascript=False)
    guest.goto(address)
    expect(guest.get_by_role("img", name="The photo, restored")).to_be_visible()
    owner.get_by_role("button", name=re.compile("^End the link")).first.click()
    guard.expect_refusal(404)
    guest.goto(address)
    expect(guest.get_by_role("heading", name="This link shows nothing any more")).to_be_visible()
