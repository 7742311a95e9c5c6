"""Every page of the tour: no error, no breach, no scrolling sideways, accessible, valid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.browser.tour.stops import STOPS
from tests.browser.tour.world import World, lived_in

# All pages of one kind of screen are one test: a house lived in takes longer than looking at it.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="package")
def world(house: Addresses) -> Iterator[World]:
    with lived_in(house) as world:
        yield world


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_every_page_is_for_everybody(
    open_page: OpenPage, world: World, guard: Guard, screen: str, scheme: Any
):
    for status in {stop.status for stop in STOPS} - {200}:
        guard.expect_refusal(status)
    pages: dict[str, Page] = {}
    found = []
    for stop in STOPS:
        if stop.person not in pages:
            pages[stop.person] = open_page(screen, signed_in=world.people[stop.person])
            pages[stop.person].emulate_media(color_scheme=scheme)
        page = pages[stop.person]
        answer = page.goto(stop.address(world.addresses), wait_until="load")
        assert answer is not None, stop.name
        assert answer.status == stop.status, stop.name
        guard.look_at_width(page)
        found += [f"{stop.name}: {one}" for one in judges.inaccessible(page)]
    assert found == []


def test_every_page_is_valid_html(world: World, tmp_path: Path):
    for stop in STOPS:
        person = world.people[stop.person]
        with httpx.Client(base_url=person.site, cookies=person.cookies, trust_env=False) as client:
            answer = client.get(stop.address(world.addresses))
        assert answer.status_code == stop.status, stop.name
        (tmp_path / f"{stop.name.replace(', ', '--').replace(' ', '-')}.html").write_text(
            answer.text
        )
    assert judges.invalid(tmp_path) == []


def test_the_judges_see_what_is_wrong(open_page: OpenPage, guard: Guard, tmp_path: Path):
    page = open_page()
    page.goto("/accounts/login/")
    assert judges.inaccessible(page) == []
    page.evaluate("document.body.innerHTML += '<main><img src=/static/img/favicon.svg></main>'")
    rules = {one.partition(":")[0] for one in judges.inaccessible(page)}
    assert "image-alt" in rules
    (tmp_path / "wrong.html").write_text("<!DOCTYPE html><html lang=en><title>x</title><p><img>")
    assert any("src" in one for one in judges.invalid(tmp_path))
