"""A clerk at one job's page, when somebody sends callbacks without end and of any width."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from sandbox.demo import journey
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser

CAME = 60
WIDE = "x" * 3_000


@pytest.fixture
def job(people: People, house: Addresses) -> str:
    """A delivered job's number, to whose address CAME wide and senseless bodies were sent."""
    member = people.member()
    photo = journey.upload(member, ("gran.jpg", pictures.small_photo(), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    card = journey.ended(member, journey.order(member, photo, "gfpgan"))
    with httpx.Client(timeout=60, trust_env=False) as stranger:
        gateway = urlsplit(house.gateway)
        said = stranger.get(f"{gateway.scheme}://{gateway.netloc}/_sandbox/requests").json()
        address = said["requests"][0]["webhook_url"]
        for number in range(CAME):
            stranger.post(address, content=f"{WIDE}{number}").raise_for_status()
    return card.id


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_clerk_reads_a_flood_of_wide_callbacks_without_scrolling_sideways(
    open_page: OpenPage, people: People, guard: Guard, job: str, screen: str
):
    page = open_page(screen, signed_in=people.clerk())
    page.goto(f"/desk/jobs/{job}/")
    guard.look_at_width(page)
    expect(page.get_by_text("only counted").first).to_be_visible()
    expect(page.locator("pre:visible")).to_have_count(3)
    page.locator("summary").filter(has_text="17 more callbacks").click()
    expect(page.locator("pre:visible")).to_have_count(20)
    guard.look_at_width(page)
    page.get_by_role("link", name="Show all").first.click()
    expect(page.locator("pre").filter(has_text=WIDE)).to_have_count(1)
    guard.look_at_width(page)
