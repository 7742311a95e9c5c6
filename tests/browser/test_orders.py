"""Ordering and taking back, as a person with a quick finger, an empty wallet or a doubt does it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import httpx
import pytest
from playwright.sync_api import expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from tests.browser.conftest import OpenPage, wait_for_scripts
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser


def consented_photo(member: Visitor, name: str = "gran") -> str:
    photo = journey.upload(member, (f"{name}.jpg", pictures.tinted_photo(name), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    return photo


def test_a_double_click_is_one_job(open_page: OpenPage, people: People):
    member = people.member()
    page = open_page("phone", signed_in=member)
    page.goto(consented_photo(member))
    page.locator("#offer-gfpgan").get_by_role("button", name=re.compile("^Restore")).dblclick()
    expect(page.locator("[data-job-state=DELIVERED]")).to_have_count(1)
    expect(page.locator("[data-job-state]")).to_have_count(1)
    page.goto("/wallet/")
    expect(
        page.get_by_role("row").filter(has_text=re.compile(r"Set aside\s*GFPGAN"))
    ).to_have_count(1)
    expect(page.locator(".balance")).to_have_text("$0.9969")


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_too_little_money_says_how_much_is_missing_and_keeps_the_form(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    member = people.member(credit_micros=1_000)
    page = open_page(screen, signed_in=member)
    page.goto(consented_photo(member))
    card = page.locator("#offer-gfpgan")
    expect(card.get_by_text("Your wallet is $0.0021 short of this.")).to_be_visible()
    card.get_by_label("Enlarge").fill("3")
    guard.expect_refusal(422)
    card.get_by_role("button", name=re.compile("^Restore")).click()
    words = "Your wallet is $0.0021 short: this costs $0.0031 and you have $0.001."
    expect(page.get_by_text(words)).to_be_visible()
    expect(card.get_by_label("Enlarge")).to_have_value("3")
    expect(page.locator("[data-job-state]")).to_have_count(0)
    guard.look_at_width(page)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_ticked_photos_are_restored_with_one_click(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    member = people.member()
    for name in ("gran", "grandpa"):
        consented_photo(member, name)
    journey.upload(member, ("no word yet.jpg", pictures.small_photo(), "image/jpeg"))
    page = open_page(screen, signed_in=member)
    page.goto("/photos/")
    for box in page.get_by_role("checkbox").all():
        box.check()
    guard.look_at_width(page)
    page.get_by_role("button", name="Restore", exact=True).click()
    page.get_by_role("link", name="CodeFormer").click()
    expect(page.get_by_text("Please say first who is in the photo")).to_be_visible()
    wait_for_scripts(page)

    # The total follows the keyboard; each photo has its own line.
    button = page.get_by_role("button", name=re.compile("^Restore"))
    expect(button).to_have_text("Restore 2 photos for $0.001292")
    page.get_by_label("Enlarge").press("ArrowUp")
    expect(button).to_have_text("Restore 2 photos for $0.002904")
    expect(page.get_by_text("0.6912 MP out × $0.0021")).to_have_count(2)
    guard.look_at_width(page)

    button.dblclick()
    # Whichever of the two clicks is answered last says so; what was ordered is counted below.
    said = re.compile("2 photos ordered with CodeFormer for|These are ordered already")
    expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("checkbox").first.check()
    cards = page.locator("#photos")
    expect(cards.get_by_text("CodeFormer: Done")).to_have_count(2)  # looked for again and again
    expect(page.get_by_role("checkbox").first).to_be_checked()
    assert journey.wallet(member).available_micros == 1_000_000 - 2_904


def test_consent_that_is_withdrawn_erases_the_pictures(open_page: OpenPage, people: People):
    member = people.member()
    photo = consented_photo(member)
    assert journey.ended(member, journey.order(member, photo, "gfpgan")).state == "DELIVERED"
    page = open_page(signed_in=member)
    page.goto(photo)
    addresses = page.eval_on_selector_all(
        "main img, main a", "all => all.map(one => one.src || one.href)"
    )
    # The original, its preview, the result and the result's preview.
    copies = {one for one in addresses if "X-Amz-Signature" in one}
    copies |= {member.led_to(one) for one in addresses if re.search("/(original|picture)/$", one)}
    assert len({address.partition("?")[0] for address in copies}) == 4
    assert statuses(copies) == {200}

    page.locator("summary", has_text="Withdraw consent").click()
    page.get_by_role("button", name="Withdraw consent and erase the photo").click()

    expect(page.get_by_text("is withdrawn.")).to_be_visible()
    expect(page.get_by_role("heading", name="Record of an erased photo")).to_be_visible()
    expect(page.get_by_text("stays, because its picture was delivered on")).to_be_visible()
    journey.eventually(lambda: statuses(copies) <= {403, 404}, "The pictures were still there")


def statuses(addresses: Iterable[str]) -> set[int]:
    with httpx.Client(timeout=60, trust_env=False) as anybody:
        return {anybody.get(address).status_code for address in addresses}


def test_the_gallery_catches_up_by_itself(open_page: OpenPage, people: People):
    page = open_page("desktop", signed_in=people.member())
    page.goto("/photos/")
    picked = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": pictures.tinted_photo(name)}
        for name in ("anna", "berta")
    ]
    page.locator("input[name=files]").set_input_files(picked)  # type: ignore[arg-type]
    expect(page.locator("#photos img")).to_have_count(2)
    expect(page.locator("#photos")).not_to_have_attribute("data-hx-get", re.compile("."))
