"""A real Chromium over one quick house, and a guard over every page that it visits.

Without a Chromium the tests are skipped, and fail when CI=true: there they must run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses, running
from sandbox.stack.browser import find
from tests.browser.guard import Guard
from tests.journeys.people import People

QUICK = {
    "SANDBOX_LATENCY_SECONDS": "0.2",
    "SWEEP_INTERVAL_SECONDS": "1",
    "SIGNUPS_A_MINUTE": "1000",  # every test signs somebody up
    "TELL_AFTER_SECONDS": "10",  # a page that lies open is told first
    "SANDBOX_PICTURES": "echo",  # what the gateway makes of a picture is tested elsewhere
}
SCREENS = {"phone": (390, 844), "desktop": (1280, 900), "wide": (1920, 1080)}
# It asks nobody but the house, and stands in a container as well.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
NONE_FOUND = "No Chromium was found"

OpenPage = Callable[..., Page]


def chromium(environ: Mapping[str, str] = os.environ) -> Path:
    """The program; without one the test that asks is skipped or, when CI=true, fails."""
    if found := find(environ):
        return found
    if environ.get("CI") == "true":
        pytest.fail(f"{NONE_FOUND}, and with CI=true the browser tests must run.")
    pytest.skip(f"{NONE_FOUND}: what needs a browser is not tested. `make test` tries to get one.")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Started only when there is a browser to look at it."""
    with running(var=tmp_path_factory.mktemp("house"), env=QUICK) as house:
        yield house


@pytest.fixture(scope="package")
def people(house: Addresses) -> Iterator[People]:
    with People(house) as people:
        yield people


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Watches every page of a test; what it saw fails the test at its end."""
    guard = Guard()
    yield guard
    assert guard.complaints == []


@pytest.fixture
def open_page(browser: Browser, house: Addresses, guard: Guard) -> Iterator[OpenPage]:
    """Opens a window of its own: `open_page("phone", signed_in=visitor, javascript=False)`."""
    contexts: list[BrowserContext] = []

    def open_page(
        screen: str = "desktop",
        *,
        signed_in: Visitor | None = None,
        javascript: bool = True,
        zone: str | None = None,
    ) -> Page:
        width, height = SCREENS[screen]
        context = browser.new_context(
            base_url=house.site,
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            timezone_id=zone,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        guard.watch(context, javascript=javascript)
        for name, value in (signed_in.cookies if signed_in else {}).items():
            context.add_cookies([{"name": name, "value": value, "url": house.site}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def wait_for_scripts(page: Page) -> None:
    """Until the page's modules have run. They are deferred: its words are seen before."""
    page.wait_for_load_state("domcontentloaded")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed test also shows what stood on the pages, and what the house had to say.

    Tests skipped for want of a browser are told in one line: as if skipped at one place.
    """
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and NONE_FOUND in report.longrepr[2]:
        report.longrepr = (__file__, chromium.__code__.co_firstlineno, report.longrepr[2])
    fixtures = getattr(item, "funcargs", {})
    if report.failed and report.when == "call" and "guard" in fixtures:
        report.sections.append(("The pages", fixtures["guard"].story()))
        log = Path(fixtures["house"].var) / "stack.log"
        lines = log.read_text(errors="replace").splitlines()
        report.sections.append(("The house's last lines", "\n".join(lines[-40:])))
    return report
