"""What the tour does not see: long names, the staff's own pages; and the guard sees errors."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from sandbox.demo import journey
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser

LINES = """all => all.map((one) => {
  const words = document.createRange();
  words.selectNodeContents(one);
  return words.getClientRects().length;
})"""


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


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_an_albums_long_name_makes_no_page_wider_than_the_screen(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    name = "W" * 80
    member = people.member()
    journey.upload(member, ("oma.jpg", pictures.small_photo(), "image/jpeg"))
    albums = member.open("/albums/")
    album = member.send(albums, albums.form("/albums/"), {"name": name}).url
    page = open_page(screen, signed_in=member)
    page.goto(album)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    guard.look_at_width(page)
    page.goto(f"/albums/{album.rpartition('=')[2]}/")
    guard.look_at_width(page)
    page.goto("/albums/")
    guard.look_at_width(page)
    page.goto("/photos/")
    expect(page.locator("#show_album option", has_text=name)).to_have_count(1)
    page.get_by_label("Select oma").check()
    page.locator("summary", has_text="Album").click()
    expect(page.get_by_label("Which album")).to_be_visible()
    guard.look_at_width(page)


def test_on_a_narrow_phone_the_header_keeps_to_one_line_and_a_statements_amounts_to_one_edge(
    open_page: OpenPage, people: People, guard: Guard
):
    member = people.member(credit_micros=19_951_524)
    photo = journey.upload(member, ("oma.jpg", pictures.small_photo(), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.ended(member, journey.order(member, photo, "gfpgan"))
    page = open_page("phone", signed_in=member)
    page.goto("/wallet/")
    for language, balance in (("English", "$19.94"), ("Deutsch", "19,94\xa0$")):
        page.get_by_role("button", name=language).click()
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto("/wallet/")
            expect(page.locator("#balance")).to_have_text(balance)
            guard.look_at_width(page)
            bar = page.locator(".site-header__bar").bounding_box()
            nav = page.locator(".site-header__nav").bounding_box()
            assert bar
            assert nav
            assert (bar["height"], nav["height"]) == (64, 44), (language, width)
            ends = "all => all.map(one => Math.round(one.getBoundingClientRect().right))"
            amounts = page.eval_on_selector_all(".ledger__amount", ends)
            assert len(amounts) == 3
            assert len(set(amounts)) == 1, (language, width)
            lines = page.eval_on_selector_all(".ledger__amount.money", LINES)
            assert lines == [1, 1], (language, width)


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


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_short_pages_foot_stays_where_it_began_as_more_of_it_comes(
    open_page: OpenPage, guard: Guard, screen: str
):
    guard.expect_refusal(404)
    page = open_page(screen)
    page.goto("/no/such/page/", wait_until="load")
    foot = page.locator(".site-footer")
    whole = foot.bounding_box()
    foot.locator("p").last.evaluate("(one) => one.remove()")
    part = foot.bounding_box()
    assert whole is not None
    assert whole == part
    assert page.viewport_size is not None
    assert whole["y"] + whole["height"] == page.viewport_size["height"]
