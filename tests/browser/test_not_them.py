"""A result that is not the person: told, tried once more another way, and not paid for."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from sandbox.demo import journey
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("screen", "javascript"),
    [("phone", True), ("desktop", True), ("phone", False)],
    ids=["phone", "desktop", "without script"],
)
def test_not_them_brings_one_more_result_for_nothing(
    open_page: OpenPage, people: People, guard: Guard, screen: str, javascript: bool
):
    member = people.member()
    name = f"Great-aunt, {screen} {javascript}"
    photo = journey.upload(member, (f"{name}.jpg", pictures.tinted_photo(name), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    assert journey.ended(member, journey.order(member, photo, "gfpgan")).state == "DELIVERED"
    paid = journey.wallet(member).available_micros

    page = open_page(screen, signed_in=member, javascript=javascript)
    page.goto(photo)
    cards = page.locator("[data-job-state]")
    cards.get_by_role("link", name="Not them?").click()
    expect(page.get_by_role("heading", name="Is it not them?")).to_be_visible()
    guard.look_at_width(page)
    page.get_by_label("Eyes, nose or mouth are not theirs").check()
    page.get_by_label("In your words").fill("Her eyes were lighter.")
    page.get_by_role("radio", name=re.compile("^CodeFormer")).check()
    page.get_by_role("button", name="Try again for $0.00").click()
    expect(page.get_by_text("CodeFormer tries again, and you pay nothing.")).to_be_visible()
    expect(cards).to_have_count(2)

    def is_done() -> bool:
        page.goto(photo)
        return cards.first.get_attribute("data-job-state") == "DELIVERED"

    if javascript:
        expect(cards.first).to_have_attribute("data-job-state", "DELIVERED")
    else:
        journey.eventually(is_done, "The second try brought no picture")
    expect(cards.first).to_contain_text("free for you")
    expect(cards.get_by_role("heading")).to_have_text(["CodeFormer", "GFPGAN"])
    expect(page.get_by_role("img", name=re.compile("^Face 1: ")).first).to_be_visible()
    guard.look_at_width(page)
    assert journey.wallet(member) == journey.WalletPage(available_micros=paid, held_micros=0)
    # Once for each photo.
    page.goto(photo)
    expect(page.get_by_role("link", name="Not them?")).to_have_count(0)
