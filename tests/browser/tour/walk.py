"""Goes from stop to stop on one kind of screen, and asks the judges at each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.browser.conftest import SCREENS, OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.browser.tour.stops import Stop
from tests.browser.tour.world import World

MOST_SHIFT = 0.02
# A page that comes in pieces: what moves between two of them is not seen when it comes in one, and
# packed it mostly does.
UNPACKED = {"headers": {"Accept-Encoding": "identity"}}
SLOW_LINE = {"latency": 20, "downloadThroughput": 30_000, "uploadThroughput": -1, "offline": False}
QUICK_LINE = {**SLOW_LINE, "latency": 0, "downloadThroughput": -1}


def wrong_with(
    stops: Sequence[Stop],
    open_page: OpenPage,
    world: World,
    guard: Guard,
    sources: Path,
    screen: str,
    scheme: judges.Scheme,
    *,
    language: str = "en",
) -> list[str]:
    """What the judges say of each page, as its person sees it; the guard notes the rest.

    The pages as they were sent are left in the folder `sources`.
    """
    for status in {422, *(stop.status for stop in stops)} - {200}:
        guard.expect_refusal(status)
    on_desktop = screen == "desktop"  # there in pieces and then made wide; weighed on the phone
    windows: dict[str, BrowserContext] = {}
    found = []
    for stop in stops:
        if stop.person not in windows:
            windows[stop.person] = open_page(screen, signed_in=world.people[stop.person]).context
        page = windows[stop.person].new_page()
        page.emulate_media(color_scheme=scheme)
        line = page.context.new_cdp_session(page)
        line.send("Network.emulateNetworkConditions", SLOW_LINE)
        if on_desktop:
            line.send("Network.setExtraHTTPHeaders", UNPACKED)
        answer = stop.visit(
            page,
            world.addresses,
            arrived=partial(line.send, "Network.emulateNetworkConditions", QUICK_LINE),
        )
        assert answer.status == stop.status, stop.name
        assert page.locator("html").get_attribute("lang") == language, stop.name
        (sources / f"{stop.name}.html".replace(" ", "-")).write_text(answer.text())
        guard.look_at_width(page)
        wrong = judges.inaccessible_in_both(page, scheme)
        wrong += [] if on_desktop else judges.heavy(page)
        if (moved := judges.shifts(page)) > MOST_SHIFT:
            wrong.append(f"things moved by {moved:.3f}")
        wrong += judges.hard_to_press(page)
        wrong += judges.lost_focus(page)
        if on_desktop:
            width, height = SCREENS["wide"]
            page.set_viewport_size({"width": width, "height": height})
            guard.look_at_width(page)
            wrong += judges.long_lines(page)
        found += [f"{stop.name}: {one}" for one in wrong]
        page.close()
    return found
