"""What is meant for paper: it says all it has to, and nothing that only a screen can use."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.tour.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FOR_SCREENS = ":is(button, .button, input, select, textarea, nav, .site-footer, .skip):visible"


def test_statement_receipt_and_citation_print_without_what_is_pressed(
    open_page: OpenPage, world: World
):
    page = open_page("desktop", signed_in=world.people["member"])
    page.goto("/wallet/")
    month = page.get_by_role("link", name="Monthly statement to print").get_attribute("href")
    assert month
    citation = world.addresses["job delivered"] + "download/"
    record = world.addresses["photo delivered"] + "consent/record/"
    page.emulate_media(media="print")
    for path, words in (
        (month, ("Statement for", "At the end", "Charged", "Oma and Opa")),
        (record, ("What you said", "The notice that you read", "(ticked)", "SHA-256")),
        (citation, ("Digital restoration with", "Parts may be invented")),
    ):
        page.goto(path)
        for one in words:
            assert page.get_by_text(one).locator("visible=true").count(), f"{path}: {one}"
        assert page.locator(FOR_SCREENS).count() == 0, path
        picture = page.locator("main img")
        assert picture.count() == (path == citation)
    shown, said = picture.bounding_box(), page.locator("#citation").bounding_box()
    assert shown
    assert said
    assert shown["x"] == said["x"]
    assert 0 < said["y"] - (shown["y"] + shown["height"]) < 40


def test_a_photos_page_prints_its_pictures_and_what_is_said_of_them(
    open_page: OpenPage, world: World
):
    page = open_page("desktop", signed_in=world.people["member"])
    page.emulate_media(media="print")
    page.goto(world.addresses["two results"])
    assert page.locator(FOR_SCREENS).count() == 0
    assert page.locator("#viewer .compare img:visible").count() == 2
    for heading in ("Restorations", "Consent", "The original"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Restore it another way")).to_be_hidden()
    expect(page.get_by_text("Keys: ← → move the line")).to_be_hidden()
