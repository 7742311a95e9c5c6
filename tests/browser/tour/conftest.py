"""A house of the tour's own: what waits for reviewers here is not in the way of other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from sandbox.stack import Addresses, running
from tests.browser.conftest import QUICK
from tests.browser.tour.world import World, lived_in


@pytest.fixture(scope="package")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with running(var=tmp_path_factory.mktemp("tour"), env=QUICK) as house:
        yield house


@pytest.fixture(scope="package")
def world(house: Addresses) -> Iterator[World]:
    with lived_in(house) as world:
        yield world
