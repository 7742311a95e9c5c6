"""What is done on a page before it is looked at: opened, filled in wrongly, refused.

Each makes a step for a stop's `then`. A step changes nothing that stays, so that every screen and
language sees the same, and it knows no words, which every language has its own of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.template.loader import render_to_string
from playwright.sync_api import FilePayload, Page, expect

from tests.journeys import pictures

Step = Callable[[Page], object]
HARDLY_ANY_LINE = {
    "latency": 0,
    "downloadThroughput": -1,
    "uploadThroughput": 2_000,  # bytes a second
    "offline": False,
}
FOR_MINUTES = bytes(500_000)  # what a picture is made larger by, so that it stays under way
WHO_GOES_ON = "main .button"  # what every page of an error has


def press(what: str) -> Step:
    """Press the first of these; no link, which leads away."""
    return lambda page: page.locator(what).first.click()


def follow(link: str) -> Step:
    """Press the first of these, and be there when all of the page that it leads to is."""

    def step(page: Page) -> None:
        with page.expect_navigation(wait_until="load"):
            page.locator(link).first.click()

    return step


def unfold(page: Page) -> None:
    """Open all that is folded on the page but its menus, of which one is open at a time."""
    page.locator("main details:not([data-menu]):not([open])").evaluate_all(
        "all => all.forEach((one) => (one.open = true))"
    )


def tick(what: str, *, then: str) -> Step:
    """Tick two of these, then press that."""

    def step(page: Page) -> None:
        for number in range(2):
            page.locator(what).nth(number).check()
        page.locator(then).click()

    return step


def send(
    form: str = "main form[novalidate]",
    said: Mapping[str, str] | None = None,
    button: str = "[type=submit]",
) -> Step:
    """Fill these fields of the first such form in, and send it by its first such button."""

    def step(page: Page) -> None:
        unfold(page)
        found = page.locator(form).first
        for name, value in (said or {}).items():
            found.locator(f"[name={name}]").fill(value)
        with page.expect_navigation(wait_until="load"):
            found.locator(button).locator("visible=true").first.click()

    return step


def send_too_late(page: Page) -> None:
    """As a form is sent that lay open until its token was no longer good."""
    tokens = page.locator("[name=csrfmiddlewaretoken]")
    tokens.evaluate_all("all => all.forEach((one) => (one.value = 'old'))")
    send("main form")(page)


def upload(known: str) -> Step:
    """Choose a file that is refused, one that was uploaded before, and one that stays under way."""

    def step(page: Page) -> None:
        picker = page.locator("[data-upload] input[name=files]")
        lines = page.locator("[data-upload-list] > li")
        refused = jpeg("diary", b"Dear diary")
        picker.set_input_files([refused, jpeg(known, pictures.tinted_photo(known))])
        for number, state in enumerate(("refused", "here")):
            expect(lines.nth(number)).to_have_attribute("data-state", state)
        line = page.context.new_cdp_session(page)
        line.send("Network.emulateNetworkConditions", HARDLY_ANY_LINE)
        large = pictures.new_photo() + FOR_MINUTES
        picker.set_input_files([jpeg("Anna on the stairs, 1926", large)])
        expect(lines.nth(2)).to_have_attribute("data-state", "sending")

    return step


def jpeg(name: str, content: bytes) -> FilePayload:
    return {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": content}


def failing(template: str, status: int, **context: Any) -> Step:
    """An answer that can't be had by asking for an address: its template, in a real window."""

    def step(page: Page) -> None:
        text = render_to_string(template, context)
        page.route(
            "**/wrong/",
            lambda route: route.fulfill(status=status, body=text, content_type="text/html"),
        )
        page.goto("/wrong/", wait_until="load")
        expect(page.locator(WHO_GOES_ON).first).to_be_visible()

    return step
