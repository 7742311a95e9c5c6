"""The main journey with the keys alone: every control is reached by Tab, is seen to have the focus,
and answers to the keys that a person expects."""

from __future__ import annotations

import re
import secrets

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from sandbox.demo import journey
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage, wait_for_scripts
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser
MOST_STOPS = 120
# Asked at once: a page that comes by itself may put another in the element's place in between. What
# is marked is the element itself, or the frame that stands for it.
FOCUS = """element => {
  const isMarked = (one) => one && getComputedStyle(one).outlineStyle !== "none";
  if (element !== document.activeElement) return "elsewhere";
  return isMarked(element) || isMarked(element.closest(".compare__stage")) ? "seen" : "unseen";
}"""


def tab_to(control: Locator) -> Locator:
    """Press Tab until it has the focus, and see that this is shown."""
    for _ in range(MOST_STOPS):
        focus = control.first.evaluate(FOCUS) if control.count() else "elsewhere"
        assert focus != "unseen", f"{control} does not show its focus"
        if focus == "seen":
            return control.first
        control.page.keyboard.press("Tab")
    raise AssertionError(f"{MOST_STOPS} times Tab did not lead to {control}")


def press(control: Locator, key: str = "Enter") -> None:
    tab_to(control)
    control.page.keyboard.press(key)


def write(control: Locator, words: str) -> None:
    tab_to(control)
    control.page.keyboard.type(words)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_from_signing_in_to_the_file_without_a_mouse(
    open_page: OpenPage, house: Addresses, people: People, guard: Guard, screen: str
):
    email, password = f"{secrets.token_hex(5)}@family.example", secrets.token_urlsafe(16)
    with journey.sign_up(house.site, mailbox=house.mailbox, email=email, password=password):
        pass
    journey.give_credit(people.clerk(), to=email, amount_micros=1_000_000, reason="For a test")
    page = open_page(screen)
    page.on("filechooser", lambda _: None)  # from here on no window of the system opens
    page.goto("/")

    # The first Tab leads past what stands on every page.
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.goto("/")
    press(page.get_by_role("banner").get_by_role("link", name="Sign in"))
    write(page.locator("input[name=login]"), email)
    write(page.locator("input[name=password]"), password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/photos/$"))
    wait_for_scripts(page)

    # The menu opens and closes by keys.
    press(page.locator(".menu summary"))
    expect(page.get_by_role("link", name="Shared links")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Shared links")).to_be_hidden()
    expect(page.locator(".menu summary")).to_be_focused()

    title = f"By keys, {screen}"
    tab_to(page.locator("[data-upload] input[name=files]"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    picture = pictures.tinted_photo(title)
    chooser.value.set_files({"name": f"{title}.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()

    press(page.get_by_role("link", name="Give consent", exact=True))
    press(page.get_by_label("A relative who has died"), "Space")
    press(page.get_by_label("This photo may be restored.", exact=False), "Space")
    press(page.get_by_label("A copy without any hidden data", exact=False), "Space")
    press(page.get_by_role("button", name="Give consent"))

    offer = page.locator("#offer-codeformer")
    expect(offer.get_by_role("button", name=re.compile("^Restore"))).to_be_enabled()
    wait_for_scripts(page)
    press(offer.get_by_label("Fidelity"), "ArrowRight")
    expect(offer.locator("output")).to_have_text("0.55")
    press(offer.get_by_role("button", name=re.compile("^Restore for")))
    card = page.locator("[data-job-state]")
    expect(card).to_have_attribute("data-job-state", "DELIVERED")

    slider = page.get_by_role("slider", name="Move the line between before and after").first
    expect(slider).to_be_visible()  # the picture is fetched once its card has told that it is there
    press(slider, "Home")
    expect(slider).to_have_attribute("aria-valuetext", "100 % restored")
    guard.look_at_width(page)

    press(card.get_by_role("link", name="Download"))
    expect(page.get_by_role("heading", name="Take it home")).to_be_visible()
    tab_to(page.get_by_role("radio", name=re.compile("^As it was restored")))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=re.compile("^JPEG"))).to_be_checked()
    tab_to(page.locator("main").get_by_role("button", name="Download", exact=True))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    with Image.open(download.value.path()) as taken:
        assert taken.format == "JPEG"
