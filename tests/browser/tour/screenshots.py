"""`make screenshots`: every page and state of the tour, as pictures in `var/screenshots/`.

A folder for each screen, and one for the dark scheme. A house of its own is started for it, and
ended; nobody else's data is seen or touched.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Literal

import django
from playwright.sync_api import BrowserContext, sync_playwright

from sandbox.stack import running
from sandbox.stack.browser import find
from tests.browser.conftest import ARGUMENTS, QUICK, SCREENS
from tests.browser.tour.stops import STOPS
from tests.browser.tour.world import World, lived_in

FOLDER = Path(__file__).parents[3] / "var" / "screenshots"
LOOKS: dict[str, tuple[str, Literal["light", "dark"]]] = {
    "phone": ("phone", "light"),
    "desktop": ("desktop", "light"),
    "wide": ("wide", "light"),
    "dark": ("desktop", "dark"),
}


def main(words: list[str]) -> int:
    """Those stops whose name has one of the words; all without a word."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "restoration_site.settings")
    django.setup()  # for the pages of errors that can't be had by asking
    program = find(os.environ)
    if program is None:
        print("No Chromium was found: `python -m sandbox.stack.browser` gets one.", file=sys.stderr)
        return 1
    stops = [stop for stop in STOPS if not words or any(word in stop.name for word in words)]
    with (
        tempfile.TemporaryDirectory() as var,
        running(var=Path(var), env={**QUICK, "SANDBOX_PICTURES": "restore"}) as house,
        lived_in(house) as world,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for look, (screen, scheme) in LOOKS.items():
            width, height = SCREENS[screen]
            folder = FOLDER / look
            folder.mkdir(parents=True, exist_ok=True)
            contexts: dict[str, BrowserContext] = {}
            for stop in stops:
                if stop.person not in contexts:
                    contexts[stop.person] = browser.new_context(
                        base_url=house.site,
                        viewport={"width": width, "height": height},
                        color_scheme=scheme,
                    )
                    _sign_in(contexts[stop.person], world, stop.person)
                page = contexts[stop.person].new_page()
                stop.visit(page, world.addresses)
                # Lazy pictures are fetched when they are scrolled to: once down, and up again.
                page.evaluate("scrollTo(0, document.body.scrollHeight)")
                page.wait_for_timeout(150)
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=folder / f"{stop.name}.png", full_page=True)
                page.close()
            for context in contexts.values():
                context.close()
        browser.close()
    print(f"{len(stops)} pages, {len(LOOKS)} looks each: {FOLDER}")
    return 0


def _sign_in(context: BrowserContext, world: World, person: str) -> None:
    visitor = world.people[person]
    for name, value in visitor.cookies.items():
        context.add_cookies([{"name": name, "value": value, "url": visitor.site}])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
