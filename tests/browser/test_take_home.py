"""Taking a result home: each format comes, opens as what it says, and is marked if asked."""

from __future__ import annotations

import re

import pytest
from PIL import ExifTags, Image
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
    photo = journey.upload(member, (f"{name}.jpg", pictures.placed_photo(name), "image/jpeg"))
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
    assert not marked.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    page.get_by_label("Take along where it was taken").check()
    name, placed = take(page, "PNG, without loss")
    assert placed.getexif().get_ifd(ExifTags.IFD.GPSInfo) == pictures.PLACE
    expect(page.locator("#citation")).to_contain_text("GFPGAN")


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_the_citation_is_copied_with_one_press_or_selected_where_that_is_not_allowed(
    open_page: OpenPage, restored: tuple[Visitor, str], screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(photo)
    page.locator("[data-job-state]").get_by_role("link", name="Download").click()
    page.get_by_role("button", name="Copy the sentence").press("Enter")
    expect(page.get_by_role("button", name=re.compile("Copied"))).to_be_visible()
    citation = page.locator("#citation").inner_text().strip()
    assert page.evaluate("navigator.clipboard.readText()") == citation

    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()) }")
    page.get_by_role("button", name=re.compile("Cop")).press("Enter")
    expect(page.get_by_role("button", name="It is selected: please copy it")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("It is selected")
    assert page.evaluate("getSelection().toString()").strip() == citation
