"""Every page stands on both screens without an error, and the guard that says so sees errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, expect

from sandbox.demo import journey
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.tour import judges
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser

ANYBODYS = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
MEMBERS = (
    "/",
    "/photos/",
    "/wallet/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/logout/",
)
DESK = (
    "/desk/",
    "/desk/members/?q=heirloom",
    "/desk/members/1/",
    "/desk/members/1/transfers/",
    "/desk/members/1/adjust/",
    "/desk/corrections/",
    "/desk/audit/",
)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_every_page_stands_without_an_error(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    strangers, members = open_page(screen), open_page(screen, signed_in=people.clerk())
    for page, paths in ((strangers, ANYBODYS), (members, MEMBERS), (members, DESK)):
        for path in paths:
            page.goto(path, wait_until="load")
            guard.look_at_width(page)
    guard.expect_refusal(404)
    members.goto("/no/such/page/")
    guard.look_at_width(members)


def test_a_photos_long_name_makes_no_page_of_the_desk_wider_than_a_phone(
    open_page: OpenPage, people: People, guard: Guard
):
    member = people.member()
    photo = journey.upload(member, ("W" * 90 + ".jpg", pictures.small_photo(), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    job = journey.order(member, photo, "gfpgan")
    page = open_page("phone", signed_in=people.clerk())
    page.goto(f"/desk/members/?q={job.id}", wait_until="load")
    assert "W" * 90 in page.locator("main").inner_text()
    guard.look_at_width(page)


def test_the_staffs_pages_stand_without_an_error(open_page: OpenPage, house: Addresses):
    administrator = journey.sign_in(
        house.site,
        email=house.demo_people["admin"],
        password=house.demo_password,
        onward="/admin/",
    )
    with administrator:
        page = open_page(signed_in=administrator)
        page.goto("/admin/")
        links = page.eval_on_selector_all("#content-main a", "all => all.map(one => one.href)")
        assert f"{house.site}/admin/accounts/transfer/" in links
        assert f"{house.site}/admin/accounts/transfer/add/" not in links
        for link in sorted(set(links)):
            page.goto(link, wait_until="load")
            assert page.locator("#content").inner_text()


@pytest.mark.parametrize(("screen", "scheme"), [("phone", "dark"), ("desktop", "light")])
@pytest.mark.parametrize("status", [400, 413, 429, 500, 503])
def test_what_went_wrong_is_said_in_the_same_house(
    open_page: OpenPage, guard: Guard, screen: str, scheme: Any, status: int
):
    """Errors that can't be had by asking for an address: their own templates, in a real window."""
    text = render_to_string(f"{status}.html", {"limit_bytes": 50_000_000})
    page = open_page(screen)
    page.emulate_media(color_scheme=scheme)
    guard.expect_refusal(status)
    page.route(
        "**/wrong/", lambda route: route.fulfill(status=status, body=text, content_type="text/html")
    )
    page.goto("/wrong/", wait_until="load")
    guard.look_at_width(page)
    assert judges.inaccessible(page) == []
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main .button").first).to_be_visible()  # and a way on
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper != "rgba(0, 0, 0, 0)"  # it has its styles


def test_the_guard_sees_what_is_wrong(browser: Browser, house: Addresses):
    guard = Guard()
    with browser.new_context(base_url=house.site) as context:
        guard.watch(context, javascript=True)
        page = context.new_page()
        page.goto("/accounts/login/")
        assert guard.complaints == []
        page.evaluate(
            """async () => {
              console.error("oh no");
              setTimeout(() => nobody.home());
              await fetch("/no/such/page/");
              await fetch("http://127.0.0.1:1/").catch(() => null);
              document.body.innerHTML += "<p style='color: red'>";
              document.body.innerHTML += "<pre>" + "wide ".repeat(1000);
            }"""
        )
        page.wait_for_timeout(200)
        guard.look_at_width(page)
    found = "\n".join(guard.complaints)
    for complaint in (
        "console: oh no",
        "script: nobody is not defined",
        "404: ",
        "console: Content-Security-Policy: connect-src",
        "console: Content-Security-Policy: style-src",
        "px wider than the screen",
    ):
        assert complaint in found
