"""Every page on larger screens: a desktop in the dark, and one that could stretch its texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.browser.tour.stops import STOPS
from tests.browser.tour.walk import wrong_with
from tests.browser.tour.world import World

# All pages are one test: a house lived in takes longer than looking at it.
pytestmark = [pytest.mark.browser, pytest.mark.second_round, pytest.mark.timeout(900)]


def test_every_page_is_for_everybody(
    open_page: OpenPage, world: World, guard: Guard, tmp_path: Path
):
    found = wrong_with(STOPS, open_page, world, guard, tmp_path, "desktop", "dark")
    assert found + judges.invalid(tmp_path) == []
