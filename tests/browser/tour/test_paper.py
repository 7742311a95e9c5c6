"""What is meant for paper: it says all it has to, and nothing that only a screen can use."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.tour.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
FOR_SCREENS = ":is(button, input, select, textarea, nav, .site-footer, .skip):visible"


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
