"""Taking a result home: each format comes, opens as what it says, and is marked if asked."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser
FORMATS = {
    "JPEG, for sending": ("JPEG", ".jpg"),
    "PNG, without loss": ("PNG", ".png"),
    "WebP, the smallest": ("WEBP", ".webp"),
    "TIFF, for archives": ("TIFF", ".tif"),
}


@pytest.fixture(scope="module")
def restored(people: People) -> tuple[Visitor, str]:
    """A member, and a photo with a result."""
    member = people.member()
    name = "The mill"
    photo = journey.upload(member, (f"{name}.jpg", pictures.tinted_photo(name), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["NOBODY"])
    assert journey.ended(member, journey.order(member, photo, "gfpgan")).state == "DELIVERED"
    return member, photo


def take(page: Page, words: str) -> tuple[str, Image.Image]:
    page.get_by_label(words, exact=False).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    with Image.open(download.value.path()) as image:
        image.load()
        return download.value.suggested_filename, image


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_each_format_comes_as_what_it_says(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard, screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.goto(photo)
    page.locator("[data-job-state]").get_by_role("link", name="Download").click()
    expect(page.get_by_role("heading", name="Take it home")).to_be_visible()
    guard.look_at_width(page)
    sizes = set()
    for words, (format, ending) in FORMATS.items():
        name, image = take(page, words)
        assert name.startswith("The mill")
        assert name.endswith(ending)
        assert image.format == format
        sizes.add(image.size)
    assert len(sizes) == 1
    name, plain = take(page, "PNG, without loss")
    page.get_by_label("into the corner", exact=False).check()
    name, marked = take(page, "PNG, without loss")
    assert plain.tobytes() != marked.tobytes()
    expect(page.locator("#citation")).to_contain_text("GFPGAN")


def test_the_citation_is_copied_with_one_press(open_page: OpenPage, restored: tuple[Visitor, str]):
    member, photo = restored
    page = open_page("phone", signed_in=member)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(photo)
    page.locator("[data-job-state]").get_by_role("link", name="Download").click()
    page.get_by_role("button", name="Copy the sentence").press("Enter")
    expect(page.get_by_role("button", name=re.compile("Copied"))).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == page.locator("#citation").inner_text().strip()
