"""A person's way through the site, from signing up to the restored picture and its price."""

from __future__ import annotations

import re
import secrets

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from sandbox.demo import journey
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures

pytestmark = pytest.mark.browser

# 256 × 300 px, doubled: 0.3072 megapixels at $0.0021.
PRICES_MICROS = {"gfpgan": 3_100, "codeformer": 646, "flux-kontext": 40_000}


def sign_up(page: Page, house: Addresses) -> str:
    email, password = f"{secrets.token_hex(5)}@family.example", secrets.token_urlsafe(16)
    page.goto("/")
    page.get_by_role("link", name="Restore a photo").click()
    page.get_by_label("E-mail", exact=False).first.fill(email)
    page.locator("input[name=password1]").fill(password)
    page.locator("input[name=password2]").fill(password)
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page).to_have_url(re.compile("/accounts/confirm-email/"))
    link = journey.eventually(
        lambda: journey.mailed_link(house.mailbox, to=email, path="/accounts/confirm-email/"),
        "No mail came",
    )
    page.goto(link)
    page.locator("main").get_by_role("button", name="Confirm").click()
    expect(page).to_have_url(re.compile("/photos/$"))
    expect(page.get_by_role("heading", name="No photos yet")).to_be_visible()
    return email


def give_credit(page: Page, house: Addresses, email: str) -> None:
    page.goto("/admin/")
    page.locator("input[name=login]").fill(house.demo_people["billing"])
    page.locator("input[name=password]").fill(house.demo_password)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.goto("/desk/")
    page.get_by_label("Find a member").fill(email)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Adjust the balance").click()
    page.get_by_label("Amount in dollars").fill("1.00")
    page.get_by_label("Reason").fill("For a test")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("$1.00: done.")).to_be_visible()


def upload(page: Page) -> None:
    page.goto("/photos/")
    page.locator("[data-upload] input[name=files]").set_input_files(
        {"name": "gran.jpg", "mimeType": "image/jpeg", "buffer": pictures.small_photo()}
    )
    if (button := page.get_by_role("button", name="Upload")).is_visible():  # without JavaScript
        button.click()
    expect(page.get_by_role("heading", name="gran", exact=True)).to_be_visible()


def give_consent(page: Page) -> None:
    page.get_by_role("link", name="Give consent", exact=True).click()
    page.get_by_label("A relative who has died").check()
    page.get_by_label("This photo may be restored.", exact=False).check()
    page.get_by_label("A copy without any hidden data", exact=False).check()
    page.get_by_role("button", name="Give consent").click()


def offer(page: Page, model: str) -> Locator:
    return page.locator(f"#offer-{model}")


def price(page: Page, model: str) -> Locator:
    return page.locator(f"#quote-{model} .price")


def restore(page: Page, model: str, *, nth: int) -> Locator:
    """Click, and wait for the result; the card of the `nth` job of this page."""
    offer(page, model).get_by_role("button", name=re.compile("^Restore")).click()
    cards = page.locator("[data-job-state]")
    expect(cards).to_have_count(nth)
    expect(cards.first).to_have_attribute("data-job-state", "DELIVERED")
    return cards.first


@pytest.mark.parametrize(
    ("screen", "models"),
    [("phone", ["gfpgan"]), ("desktop", ["gfpgan", "codeformer", "flux-kontext"])],
    ids=["phone", "desktop"],
)
def test_from_signing_up_to_the_restored_picture(
    open_page: OpenPage, house: Addresses, guard: Guard, screen: str, models: list[str]
):
    page = open_page(screen, zone="Pacific/Auckland")
    email = sign_up(page, house)
    give_credit(open_page(), house, email)
    upload(page)
    give_consent(page)

    # It shows itself when it is prepared, without a click.
    expect(page.get_by_role("img", name="gran, the original")).to_be_visible()
    expect(offer(page, "gfpgan").get_by_role("button", name="Restore for $0.0031")).to_be_enabled()
    guard.look_at_width(page)

    # The price follows the settings, on the button too.
    expect(price(page, "codeformer")).to_have_text("$0.000646")
    enlarge = offer(page, "codeformer").get_by_label("Enlarge")
    enlarge.fill("4")
    expect(price(page, "codeformer")).to_have_text("$0.002581")
    button = offer(page, "codeformer").get_by_role("button", name="Restore for $0.002581")
    expect(button).to_be_visible()
    enlarge.fill("2")
    expect(price(page, "codeformer")).to_have_text("$0.000646")
    fidelity = offer(page, "codeformer").get_by_label("Fidelity")
    with page.expect_response(re.compile(r"/quote/codeformer/.*codeformer_fidelity=0\.6")):
        fidelity.press("ArrowRight")
        fidelity.press("ArrowRight")
    expect(offer(page, "codeformer").locator("output")).to_have_text("0.60")
    expect(price(page, "codeformer")).to_have_text("$0.000646")

    for number, model in enumerate(models, start=1):
        card = restore(page, model, nth=number)
        expect(card).to_have_attribute("data-charged-micros", str(PRICES_MICROS[model]))
        expect(card).to_have_attribute("data-held-micros", "0")
        # The result takes its place over the original by itself.
        job = (card.get_attribute("id") or "").removeprefix("job-")
        expect(page.locator("#viewer img").last).to_have_attribute("src", re.compile(job))
        for picture in page.locator("#viewer img").all():
            expect(picture).to_be_visible()
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    guard.look_at_width(page)

    slider = page.get_by_role("slider", name="Move the line between before and after").first
    slider.focus()
    for key, words in (("Home", "100 % restored"), ("ArrowRight", "99 % restored")):
        slider.press(key)
        expect(slider).to_have_attribute("aria-valuetext", words)
    stage = page.locator("[data-compare]").first
    assert stage.evaluate("stage => stage.style.getPropertyValue('--at')") == "1%"

    page.goto("/wallet/")
    left = journey.dollars(1_000_000 - sum(PRICES_MICROS[model] for model in models))
    expect(page.locator(".balance")).to_have_text(left)
    expect(page.get_by_text("Nothing is set aside at the moment.")).to_be_visible()
    charged = page.get_by_role("row").filter(has_text="Charged")
    expect(charged).to_have_count(len(models))
    expect(charged.last).to_contain_text("GFPGAN: gran")
    guard.look_at_width(page)

    # Times are those of where they signed up.
    page.goto("/account/time-zone/")
    expect(page.get_by_text("Your pages show times in Pacific/Auckland.")).to_be_visible()
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    page.goto("/account/time-zone/")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    page.get_by_role("button", name="Take this browser’s: Pacific/Auckland").click()
    expect(page.get_by_label("Time zone")).to_have_value("Pacific/Auckland")
    guard.look_at_width(page)


def test_without_javascript_the_way_is_the_same(
    open_page: OpenPage, house: Addresses, guard: Guard
):
    page = open_page("phone", javascript=False)
    email = sign_up(page, house)
    give_credit(open_page(), house, email)
    upload(page)
    give_consent(page)
    button = offer(page, "codeformer").get_by_role("button", name=re.compile("^Restore"))
    reload_until(page, button, "enabled")

    # A button for the price alone.
    offer(page, "codeformer").get_by_label("Enlarge").fill("3")
    offer(page, "codeformer").get_by_role("button", name="Show the price").click()
    expect(offer(page, "codeformer").get_by_label("Enlarge")).to_have_value("3")
    expect(price(page, "codeformer")).to_have_text("$0.001452")

    # No live price: the click with another setting asks to look again, and shows what it costs.
    offer(page, "codeformer").get_by_label("Enlarge").fill("4")
    guard.expect_refusal(422)
    button.click()
    expect(page.get_by_text("Press again to order.")).to_be_visible()
    expect(offer(page, "codeformer").get_by_label("Enlarge")).to_have_value("4")
    expect(price(page, "codeformer")).to_have_text("$0.002581")
    expect(page.locator("[data-job-state]")).to_have_count(0)

    button.click()
    card = page.locator("[data-job-state]")
    expect(card).to_have_count(1)
    reload_until(page, page.locator("[data-job-state=DELIVERED]"), "visible")
    expect(card).to_have_attribute("data-charged-micros", "2581")
    pictures_shown = page.locator("#viewer img")
    expect(pictures_shown).to_have_count(2)
    for picture in pictures_shown.all():
        expect(picture).to_be_visible()
    card.get_by_role("link", name="Download").click()
    # What only a script can do is not offered.
    expect(page.get_by_text("Copy the sentence")).to_be_hidden()
    page.get_by_role("radio", name=re.compile("^JPEG")).check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    with Image.open(download.value.path()) as taken:
        assert taken.format == "JPEG"
    page.goto("/wallet/")
    expect(page.locator(".balance")).to_have_text(journey.dollars(1_000_000 - 2_581))


def reload_until(page: Page, element: Locator, state: str) -> None:
    """As somebody without JavaScript does."""

    def look() -> bool:
        page.goto(page.url)  # not reload(), which fails while the page is being replaced
        return element.count() > 0 and (
            element.is_enabled() if state == "enabled" else element.is_visible()
        )

    journey.eventually(look, f"The page never had it {state}")
