"""Choosing a model: ticks and their sum, one click for several, and the one that is kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser

# 256 × 300 px, doubled: 0.3072 megapixels at $0.0021 beside GFPGAN's $0.0031.
BOTH = "$0.003746"


def consented_photo(member: Visitor, title: str) -> str:
    photo = journey.upload(member, (f"{title}.jpg", pictures.tinted_photo(title), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    return photo


def order_button(page: Page) -> Locator:
    return page.locator("#several").get_by_role("button", name=re.compile("^Restore with"))


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_two_models_are_ticked_ordered_with_one_click_compared_and_one_is_kept(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    member = people.member()
    page = open_page(screen, signed_in=member)
    page.goto(consented_photo(member, f"Compared on a {screen}"))
    page.get_by_label("Compare GFPGAN").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("GFPGAN is ticked. Tick another to compare it with.")).to_be_visible()
    page.get_by_label("Compare CodeFormer").focus()
    page.keyboard.press("Space")
    expect(order_button(page)).to_have_text(f"Restore with 2 models for {BOTH}")

    # The sum follows the settings of a card, and is in sight while they are changed.
    enlarge = page.locator("#offer-codeformer").get_by_label("Enlarge")
    enlarge.fill("4")
    expect(order_button(page)).to_have_text("Restore with 2 models for $0.005681")
    expect(order_button(page)).to_be_in_viewport()
    enlarge.fill("2")
    expect(order_button(page)).to_have_text(f"Restore with 2 models for {BOTH}")
    guard.look_at_width(page)

    order_button(page).dblclick()
    expect(page.locator("[data-job-state=DELIVERED]")).to_have_count(2)
    expect(page.locator("[data-job-state]")).to_have_count(2)
    expect(page.locator("#balance")).to_have_text("$0.99")
    expect(page.locator("#balance")).to_have_attribute("title", journey.dollars(1_000_000 - 3_746))

    # Without a reload the page leads on: both over each other, their faces, and the choice.
    viewer = page.locator("#viewer")
    expect(viewer.get_by_text("2 results: compare them, and keep the one")).to_be_visible()
    guard.look_at_width(page)
    viewer.get_by_role("link", name="Lay the two newest over each other").click()
    expect(viewer.locator("img").first).to_have_attribute("src", re.compile("results/"))
    expect(viewer.get_by_role("img", name="Face 1: GFPGAN, enlarge 2")).to_be_visible()
    viewer.get_by_role("button", name="Keep the left one").click()
    expect(page.get_by_text("This is your choice now. The others stay below.")).to_be_visible()
    expect(page.locator("[data-job-state=DELIVERED]")).to_have_count(2)
    expect(page.locator(".job").filter(has_text="Your choice")).to_contain_text("GFPGAN")
    expect(page.locator("#viewer").get_by_text("compare them")).to_have_count(0)
    guard.look_at_width(page)


def test_without_javascript_the_sum_is_shown_before_anything_is_ordered(
    open_page: OpenPage, people: People, guard: Guard
):
    member = people.member()
    page = open_page("phone", signed_in=member, javascript=False)
    page.goto(consented_photo(member, "Compared without a script"))
    page.get_by_label("Compare GFPGAN").check()
    page.get_by_label("Compare CodeFormer").check()
    page.locator("#offer-codeformer").get_by_label("Enlarge").fill("4")
    guard.expect_refusal(422)
    order_button(page).click()  # no sum stood there yet
    expect(page.get_by_text("Press again to order.")).to_be_visible()
    expect(order_button(page)).to_have_text("Restore with 2 models for $0.005681")
    expect(page.locator("[data-job-state]")).to_have_count(0)

    page.locator("#offer-codeformer").get_by_label("Enlarge").fill("2")
    page.get_by_role("button", name="Show the sum").click()
    expect(page.get_by_label("Compare CodeFormer")).to_be_checked()
    expect(order_button(page)).to_have_text(f"Restore with 2 models for {BOTH}")
    guard.look_at_width(page)
    order_button(page).click()
    expect(page.get_by_text(f"2 restorations ordered for {BOTH}.")).to_be_visible()
    results = page.locator("[data-job-state=DELIVERED]")
    journey.eventually(
        lambda: page.goto(page.url) is not None and results.count() == 2, "Two never came"
    )
    page.get_by_role("link", name="Lay the two newest over each other").click()
    page.get_by_role("button", name="Keep the right one").click()
    expect(page.get_by_text("This is your choice now.")).to_be_visible()
    expect(page.locator(".job").filter(has_text="Your choice")).to_have_count(1)
    guard.look_at_width(page)


def test_enter_in_a_field_orders_nothing(open_page: OpenPage, people: People):
    member = people.member()
    page = open_page(signed_in=member)
    page.goto(consented_photo(member, "Enter pressed"))
    enlarge = page.locator("#offer-codeformer").get_by_label("Enlarge")
    enlarge.fill("3")
    enlarge.press("Enter")
    expect(page).to_have_url(re.compile("/compare/$"))
    expect(enlarge).to_have_value("3")
    expect(page.locator("#quote-codeformer .price")).to_have_text("$0.001452")
    expect(page.locator("[data-job-state]")).to_have_count(0)


@pytest.mark.parametrize(
    ("screen", "javascript"),
    [("phone", True), ("desktop", True), ("phone", False)],
    ids=["phone", "desktop", "without script"],
)
def test_a_preset_fills_in_a_model_with_its_price_and_says_why(
    open_page: OpenPage, people: People, guard: Guard, screen: str, javascript: bool
):
    member = people.member()
    page = open_page(screen, signed_in=member, javascript=javascript)
    page.goto(consented_photo(member, f"Preset, {screen} {javascript}"))
    expect(
        page.get_by_text(re.compile(r"^1 face, \d+ px wide: GFPGAN or CodeFormer"))
    ).to_be_visible()
    page.get_by_role("link", name=re.compile("^For an archive")).click()
    card = page.locator("#offer-codeformer")
    expect(card).to_be_in_viewport()
    expect(card.get_by_label("Fidelity")).to_have_value("0.85")
    expect(card.get_by_text("it may have changed")).to_be_visible()
    # 256 × 300 px in its own size.
    expect(card.get_by_role("button", name="Restore for $0.000162")).to_be_enabled()
    expect(page.locator("[data-job-state]")).to_have_count(0)
    guard.look_at_width(page)
    page.get_by_role("link", name=re.compile("^Not sure")).click()
    expect(page.get_by_label("Compare GFPGAN")).to_be_checked()
    expect(order_button(page)).to_have_text(f"Restore with 2 models for {BOTH}")
    expect(order_button(page)).to_be_in_viewport()
