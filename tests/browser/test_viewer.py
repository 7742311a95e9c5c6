"""The two pictures of a photo over each other: by mouse, by keys, by touch, and closer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def restored(people: People) -> tuple[Visitor, str]:
    """A member, and a photo with two results."""
    member = people.member()
    photo = journey.upload(member, ("gran.jpg", pictures.small_photo(), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    for model in ("gfpgan", "codeformer"):
        assert journey.ended(member, journey.order(member, photo, model)).state == "DELIVERED"
    return member, photo


def set_to(stage: Locator, name: str) -> str:
    return str(stage.evaluate("(stage, name) => stage.style.getPropertyValue(name)", name))


def middle(page: Page, stage: Locator) -> tuple[float, float]:
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_both_pictures_zoom_and_pan_in_step(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard, screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.goto(photo)
    stage = page.locator("[data-compare]")
    x, y = middle(page, stage)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 100, y)
    page.mouse.up()
    moved = float(set_to(stage, "--at").removesuffix("%"))
    assert moved > 55

    page.get_by_role("button", name="Larger").click()
    page.get_by_role("button", name="Larger").click()
    expect(page.locator(".compare__zoom")).to_have_text("225 %")
    places = stage.locator("img").evaluate_all(
        "all => all.map(one => getComputedStyle(one).transform)"
    )
    assert len(set(places)) == 1
    # Closer than the preview can show: the larger picture takes its place.
    expect(stage.locator("img").last).to_have_attribute("src", re.compile(r"results/[^/]*\.png"))

    before = set_to(stage, "--x")
    x, y = middle(page, stage)
    page.mouse.move(x - 100, y)
    page.mouse.down()
    page.mouse.move(x - 40, y + 30)
    page.mouse.up()
    assert set_to(stage, "--x") != before
    assert float(set_to(stage, "--at").removesuffix("%")) == moved  # the line stays

    page.keyboard.press("0")
    expect(page.locator(".compare__zoom")).to_have_text("100 %")
    assert (set_to(stage, "--x"), set_to(stage, "--y")) == ("0%", "0%")
    guard.look_at_width(page)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_everything_can_be_done_with_keys(
    open_page: OpenPage, restored: tuple[Visitor, str], screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.goto(photo)
    stage = page.locator("[data-compare]")
    slider = page.get_by_role("slider", name="Move the line between before and after")
    slider.focus()
    slider.press("ArrowLeft")
    assert set_to(stage, "--at") == "49%"
    slider.press("+")
    expect(page.locator(".compare__zoom")).to_have_text("150 %")
    left = set_to(stage, "--x")
    slider.press("Shift+ArrowLeft")
    assert set_to(stage, "--x") != left
    assert set_to(stage, "--at") == "49%"
    slider.press("-")
    expect(page.locator(".compare__zoom")).to_have_text("100 %")


def touch(page: Page, *moments: list[tuple[float, float]]) -> None:
    """Where the fingers are, one moment after the other; then they are lifted."""
    fingers = page.context.new_cdp_session(page)
    for number, moment in enumerate([*moments, []]):
        kind = "touchMove" if number else "touchStart"
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(moment)]
        event = {"type": kind if moment else "touchEnd", "touchPoints": points}
        fingers.send("Input.dispatchTouchEvent", event)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_one_finger_moves_the_line_and_two_enlarge(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard, screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.goto(photo)
    stage = page.locator("[data-compare]")
    x, y = middle(page, stage)
    touch(page, [(x, y)], [(x - 30, y)], [(x - 80, y)])
    page.wait_for_function("parseFloat(document.querySelector('[data-compare] input').value) < 45")
    assert float(set_to(stage, "--at").removesuffix("%")) < 45
    assert set_to(stage, "--zoom") in ("", "1")

    touch(page, *([(x - apart, y), (x + apart, y)] for apart in (20, 35, 50)))
    page.wait_for_function("document.querySelector('[data-compare]').hasAttribute('data-zoomed')")
    assert float(set_to(stage, "--zoom")) > 1.5
    guard.look_at_width(page)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_what_is_compared_is_in_the_address_and_there_again_when_it_is_reloaded(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard, screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.goto(photo)
    page.get_by_role("link", name="Lay the two newest over each other").click()
    left, right = page.get_by_label("Left"), page.get_by_label("Right")
    chosen = re.compile("GFPGAN"), re.compile("CodeFormer")
    expect(left.locator("option:checked")).to_have_text(chosen[0])
    expect(page.locator(".compare")).to_be_in_viewport(ratio=0.5)
    page.reload()
    expect(left.locator("option:checked")).to_have_text(chosen[0])
    expect(right.locator("option:checked")).to_have_text(chosen[1])
    right.select_option(label="The original")
    expect(page).to_have_url(re.compile(r"\?left=[^&]*&right=original$"))
    page.reload()
    expect(right.locator("option:checked")).to_have_text("The original")
    expect(page.locator("#viewer img").last).to_have_attribute("src", re.compile("preview"))
    guard.look_at_width(page)


def test_most_of_the_picture_is_seen_at_once_on_a_desktop(
    open_page: OpenPage, restored: tuple[Visitor, str]
):
    member, photo = restored
    page = open_page("desktop", signed_in=member)
    page.goto(photo)
    box = page.locator(".compare").bounding_box()
    assert box
    assert box["y"] < 400


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_two_results_are_chosen_and_each_face_is_shown_in_both(
    open_page: OpenPage, restored: tuple[Visitor, str], screen: str
):
    member, photo = restored
    page = open_page(screen, signed_in=member)
    page.goto(photo)
    faces = page.get_by_role("img", name=re.compile("^Face 1: "))
    expect(faces).to_have_count(2)
    expect(page.get_by_role("img", name="Face 1: The original")).to_be_visible()
    page.get_by_label("Left").select_option(label="GFPGAN, enlarge 2")
    expect(page.get_by_role("img", name="Face 1: GFPGAN, enlarge 2")).to_be_visible()
    expect(page.locator("#viewer img").first).to_have_attribute("src", re.compile("results/"))
    page.get_by_role("button", name="Keep this one").last.click()
    expect(page.locator(".job").filter(has_text="Your choice")).to_have_count(1)


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_anybody_can_drag_the_front_pages_picture(open_page: OpenPage, guard: Guard, screen: str):
    page = open_page(screen)
    page.goto("/")
    stage = page.locator("[data-compare]")
    for picture in stage.locator("img").all():
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    x, y = middle(page, stage)
    if screen == "phone":
        touch(page, [(x, y)], [(x + 30, y)], [(x + 80, y)])
    else:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 80, y)
        page.mouse.up()
    slider = page.get_by_role("slider", name="Move the line between before and after")
    expect(slider).not_to_have_attribute("aria-valuetext", "50 % restored")
    assert float(set_to(stage, "--at").removesuffix("%")) > 55
    guard.look_at_width(page)


def test_without_javascript_both_stand_beside_each_other(
    open_page: OpenPage, restored: tuple[Visitor, str], guard: Guard
):
    member, photo = restored
    page = open_page("phone", signed_in=member, javascript=False)
    page.goto(photo)
    boxes = [one.bounding_box() for one in page.locator("#viewer .compare img").all()]
    assert len(boxes) == 2
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    page.get_by_label("Left").select_option(label="GFPGAN, enlarge 2")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#viewer img").first).to_have_attribute("src", re.compile("results/"))
    guard.look_at_width(page)


def test_a_result_that_comes_while_another_is_asked_for_is_asked_for_too(
    open_page: OpenPage, restored: tuple[Visitor, str]
):
    member, photo = restored
    page = open_page("desktop", signed_in=member)
    page.goto(photo, wait_until="load")
    held: list[Route] = []

    def hold(route: Route) -> None:
        asks = route.request.headers.get("hx-target") == "viewer"
        held.append(route) if asks else route.continue_()

    def asked(times: int) -> Route:
        while len(held) < times:
            page.wait_for_timeout(20)
        return held[times - 1]

    page.route("**/photos/*/", hold)
    page.evaluate("for (const _ of [1, 2]) htmx.trigger(document.body, 'delivered')")
    asked(1).continue_()
    second = asked(2)
    page.locator("#viewer").evaluate("(one) => { one.dataset.old = ''; }")
    second.continue_()
    expect(page.locator("#viewer:not([data-old]) [data-compare]")).to_be_visible()
