"""Every page of the tour: no error, no breach, no scrolling sideways, accessible, valid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.browser.tour.stops import IN_GERMAN, STOPS, UNVISITED, Stop
from tests.browser.tour.world import World, reading

# All pages of one kind of screen are one test: a house lived in takes longer than looking at it.
MOST_SHIFT = 0.02
MOST_BYTES = {".js": 30 * 1024, ".css": 25 * 1024}  # of ours, compressed, on one page
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_every_page_is_for_everybody(
    open_page: OpenPage, world: World, guard: Guard, screen: str, scheme: Any
):
    for status in {stop.status for stop in STOPS} - {200}:
        guard.expect_refusal(status)
    assert wrong_with(STOPS, open_page, world, guard, screen, scheme) == []


def test_pages_hold_the_longer_words_of_german(open_page: OpenPage, world: World, guard: Guard):
    stops = [stop for stop in STOPS if stop.name in IN_GERMAN]
    assert len(stops) == len(IN_GERMAN)
    with reading(world, "de"):
        found = wrong_with(stops, open_page, world, guard, "phone", "light", language="de")
    assert found == []


def wrong_with(
    stops: Sequence[Stop],
    open_page: OpenPage,
    world: World,
    guard: Guard,
    screen: str,
    scheme: Any,
    *,
    language: str = "en",
) -> list[str]:
    """What the judges say of each page, as its person sees it; the guard notes the rest."""
    pages: dict[str, Page] = {}
    found = []
    for stop in stops:
        if stop.person not in pages:
            pages[stop.person] = open_page(screen, signed_in=world.people[stop.person])
            pages[stop.person].emulate_media(color_scheme=scheme)
        page = pages[stop.person]
        answer = page.goto(stop.address(world.addresses), wait_until="load")
        assert answer is not None, stop.name
        assert answer.status == stop.status, stop.name
        assert page.locator("html").get_attribute("lang") == language, stop.name
        guard.look_at_width(page)
        found += [f"{stop.name}: {one}" for one in judges.inaccessible(page)]
        if (moved := judges.shifts(page)) > MOST_SHIFT:
            found.append(f"{stop.name}: things moved by {moved:.3f}")
        found += [f"{stop.name}: {one}" for one in judges.hard_to_press(page)]
        found += [f"{stop.name}: {one}" for one in judges.lost_focus(page)]
    return found


def names(resolver: URLResolver) -> set[str]:
    """The site's own; the staff's pages of Django and its queues have namespaces."""
    found: set[str] = set()
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            found.add(one.name or str(one.pattern))
        elif one.namespace is None:
            found |= names(one)
    return found


def test_no_page_is_left_out(world: World):
    stops = [stop for stop in STOPS if stop.status == 200]
    addresses = (stop.address(world.addresses) for stop in stops)
    visited = {resolve(urlsplit(address).path).url_name for address in addresses}
    known = names(get_resolver())
    assert known - visited - set(UNVISITED) == set(), "a stop for them, or a reason in UNVISITED"
    assert set(UNVISITED) & visited == set()
    assert set(UNVISITED) - known == set()


def test_every_page_is_valid_html_and_light(world: World, tmp_path: Path):
    weights: dict[str, int] = {}
    heavy = []
    for stop in STOPS:
        person = world.people[stop.person]
        with httpx.Client(base_url=person.site, cookies=person.cookies, trust_env=False) as client:
            answer = client.get(stop.address(world.addresses))
            assert answer.status_code == stop.status, stop.name
            files = re.findall(r'"(/static/[^"]+\.(?:js|css))"', answer.text)
            for file in set(files) - set(weights):
                with client.stream("GET", file, headers={"Accept-Encoding": "br"}) as sent:
                    weights[file] = sum(map(len, sent.iter_raw()))
        for ending, most in MOST_BYTES.items():
            of_ours = {file for file in files if file.endswith(ending) and "htmx" not in file}
            if (together := sum(weights[file] for file in of_ours)) > most:
                heavy.append(f"{stop.name}: {together} bytes of {ending}")
        (tmp_path / f"{stop.name}.html".replace(" ", "-")).write_text(answer.text)
    assert heavy == []
    assert judges.invalid(tmp_path) == []


def test_the_judges_see_what_is_wrong(open_page: OpenPage, guard: Guard, tmp_path: Path):
    page = open_page()
    page.goto("/accounts/login/")
    assert judges.inaccessible(page) == []
    page.evaluate("document.body.innerHTML += '<main><img src=/static/img/favicon.svg></main>'")
    rules = {one.partition(":")[0] for one in judges.inaccessible(page)}
    assert "image-alt" in rules
    assert judges.hard_to_press(page) == judges.lost_focus(page) == []
    page.evaluate("document.querySelector('main').innerHTML = '<button>OK</button>'")
    small = {"blockSize": "20px", "minBlockSize": "0", "outline": "none"}
    page.locator("main button").evaluate("(one, small) => Object.assign(one.style, small)", small)
    assert len(judges.hard_to_press(page)) == len(judges.lost_focus(page)) == 1
    (tmp_path / "wrong.html").write_text("<!DOCTYPE html><html lang=en><title>x</title><p><img>")
    assert any("src" in one for one in judges.invalid(tmp_path))
