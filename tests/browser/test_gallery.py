"""The gallery's shelves: albums, filters, what is ticked taken home, thrown away and back."""

from __future__ import annotations

import re
import zipfile

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser
ALBUM = "Mother’s side"


@pytest.fixture(params=["phone", "desktop", "without script"])
def page(request: pytest.FixtureRequest, people: People, open_page: OpenPage) -> Page:
    """A new member's gallery of three photos, the first of them restored."""
    member = people.member()
    for number, name in enumerate(("anna", "berta", "clara")):
        title = f"{name} {request.param}"
        photo = journey.upload(member, (f"{name}.jpg", pictures.tinted_photo(title), "image/jpeg"))
        if not number:
            restore(member, photo)
    screen, javascript = request.param, True
    if request.param == "without script":
        screen, javascript = "phone", False
    page = open_page(screen, signed_in=member, javascript=javascript)
    page.goto("/photos/")
    return page


def restore(member: Visitor, photo: str) -> None:
    journey.give_consent(member, photo, depicted=["NOBODY"])
    assert journey.ended(member, journey.order(member, photo, "gfpgan")).state == "DELIVERED"


def titles(page: Page) -> Locator:
    return page.locator("#photos h3")


def tick(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Select {name}").check()


def test_photos_are_put_into_an_album_found_there_and_taken_out(page: Page, guard: Guard):
    page.get_by_role("link", name="Albums", exact=True).click()
    expect(page.get_by_role("heading", name="No albums yet")).to_be_visible()
    page.get_by_label("Name").fill(ALBUM)
    page.get_by_role("button", name="Make the album").click()
    expect(page.get_by_role("heading", name="This album is empty")).to_be_visible()
    guard.look_at_width(page)

    page.get_by_role("link", name="All photos").click()
    tick(page, "anna", "clara")
    page.locator("summary", has_text="Album").click()
    guard.look_at_width(page)
    page.get_by_label("Which album").select_option(label=ALBUM)
    page.get_by_role("button", name="Put into it").click()
    expect(page.get_by_text(f"2 photos are in “{ALBUM}” now.")).to_be_visible()

    page.locator("#show_album").select_option(label=ALBUM)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(titles(page)).to_have_text(["clara", "anna"])
    page.locator("#show_stage").select_option(label="Restored")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(titles(page)).to_have_text(["anna"])
    guard.look_at_width(page)
    for model, there in (("CodeFormer", []), ("GFPGAN", ["anna"])):
        page.locator("#show_model").select_option(label=model)
        page.get_by_role("button", name="Show", exact=True).click()
        expect(titles(page)).to_have_text(there)
    page.get_by_role("link", name="Show all").first.click()
    expect(titles(page)).to_have_text(["clara", "berta", "anna"])

    page.get_by_role("link", name="Albums", exact=True).click()
    page.get_by_label("Name").fill("Weddings")
    page.get_by_role("button", name="Make the album").click()
    page.get_by_role("link", name="Albums", exact=True).click()
    page.get_by_role("link", name=ALBUM, exact=True).click()
    tick(page, "clara")
    page.locator("summary", has_text="Album").click()
    page.get_by_label("Which album").select_option(label="Weddings")
    page.get_by_role("button", name="Move there").click()
    expect(titles(page)).to_have_text(["anna"])
    guard.look_at_width(page)
    page.get_by_role("link", name="Albums", exact=True).click()
    page.get_by_role("link", name="Weddings", exact=True).click()
    expect(titles(page)).to_have_text(["clara"])
    tick(page, "clara")
    page.locator("summary", has_text="Album").click()
    page.get_by_role("button", name="Take out of this album").click()
    expect(titles(page)).to_have_count(0)
    page.get_by_role("link", name="Albums", exact=True).click()
    page.get_by_role("link", name=ALBUM, exact=True).click()
    page.get_by_role("link", name="Change or delete this album").click()
    page.get_by_label("Name").fill("Lübeck")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Lübeck")).to_be_visible()
    page.get_by_role("link", name="Change or delete this album").click()
    page.get_by_role("button", name="Delete the album").click()
    expect(page.get_by_text("The album “Lübeck” is gone; its photos are not.")).to_be_visible()


def test_what_is_ticked_comes_as_a_zip_goes_to_the_trash_and_comes_back(page: Page, guard: Guard):
    tick(page, "anna", "berta")
    page.locator("summary", has_text="Download").click()
    page.get_by_label("With the originals").check()
    guard.look_at_width(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download ZIP").click()
    with zipfile.ZipFile(download.value.path()) as parcel:
        assert parcel.testzip() is None
        names = parcel.namelist()
    assert [any(name in one for one in names) for name in ("anna", "berta", "clara")] == [
        *(True, True, False)
    ]
    assert any("GFPGAN" in name for name in names)

    page.goto("/photos/")
    tick(page, "anna", "berta")
    page.get_by_role("button", name="To the trash").click()
    expect(page.get_by_text("2 photos are in the trash.")).to_be_visible()
    expect(titles(page)).to_have_text(["clara"])
    page.get_by_role("link", name="Trash", exact=True).click()
    guard.look_at_width(page)
    page.get_by_role("button", name=re.compile(r"Put back\s*: berta")).click()
    expect(page.get_by_text("“berta” is among your photos again.")).to_be_visible()
    page.get_by_role("link", name="All photos").click()
    expect(titles(page)).to_have_text(["clara", "berta"])
