"""Every page on a phone: no error, no breach, no scrolling sideways, accessible, valid, light."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.browser.tour.stops import IN_GERMAN, STOPS
from tests.browser.tour.walk import wrong_with
from tests.browser.tour.world import World, reading

# All pages are one test: a house lived in takes longer than looking at it.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_every_page_is_for_everybody(
    open_page: OpenPage, world: World, guard: Guard, tmp_path: Path
):
    found = wrong_with(STOPS, open_page, world, guard, tmp_path, "phone", "light")
    assert found + judges.invalid(tmp_path) == []


def test_pages_hold_the_longer_words_of_german(
    open_page: OpenPage, world: World, guard: Guard, tmp_path: Path
):
    stops = [stop for stop in STOPS if stop.name in IN_GERMAN]
    assert len(stops) == len(IN_GERMAN)
    with reading(world, "de"):
        found = wrong_with(
            stops, open_page, world, guard, tmp_path, "phone", "light", language="de"
        )
    assert found + judges.invalid(tmp_path) == []
