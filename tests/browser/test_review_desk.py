"""A reviewer clears a queue: with the keyboard alone on a desktop, and by touch on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser


@pytest.fixture
def reviewer(house: Addresses) -> Iterator[Visitor]:
    with journey.sign_in(
        house.site,
        email=house.demo_people["reviewer"],
        password=house.demo_password,
        onward="/desk/review/",
    ) as reviewer:
        yield reviewer


def say(member: Visitor, title: str) -> str:
    """A photo of somebody else, which waits for a reviewer; the address of its page."""
    photo = journey.upload(member, (f"{title}.jpg", pictures.tinted_photo(title), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["OTHER"], basis="My neighbour asked me to.")
    journey.prepared(member, photo)
    return photo


def status(member: Visitor, photo: str) -> str:
    return member.open(photo).content.text


def withdraw(member: Visitor, photo: str) -> None:
    page = member.open(photo)
    member.send(page, page.form(f"{urlsplit(photo).path}withdraw/"))


def tab_to(page: Page, name: str) -> None:
    """As somebody does who has no mouse and knows no shortcut."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator("button:focus").filter(has_text=name).count():
            return
    raise AssertionError(f"“{name}” can't be reached with Tab")


def expect_in_hand(page: Page, title: str) -> None:
    """It is there, and the keys answer: what brings them shows their button."""
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Keys")).to_be_visible()


def test_a_reviewer_clears_a_queue_with_the_keyboard_alone(
    open_page: OpenPage, people: People, reviewer: Visitor, guard: Guard
):
    member = people.member()
    photos = [say(member, title) for title in ("one", "two", "three")]
    page = open_page("desktop", signed_in=reviewer)
    page.goto("/desk/review/")
    expect(page.get_by_role("listitem").filter(has_text="one")).to_contain_text("Somebody else")
    guard.look_at_width(page)

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    page.keyboard.press("n")
    expect(keys).to_be_visible()  # no shortcut works behind the list
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    # The first: look, veil it again, approve.
    page.keyboard.press("n")
    expect_in_hand(page, "one")
    expect(page.get_by_text("In your hand until")).to_be_visible()
    veiled = page.get_by_role("img", name="The picture, veiled until you open it")
    expect(veiled).to_be_visible()
    assert "preview" not in page.content()
    guard.look_at_width(page)
    page.keyboard.press("b")
    clear = page.get_by_role("img", name="one", exact=True)
    expect(clear).to_have_attribute("src", re.compile("preview.webp"))
    assert clear.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    expect(page.get_by_role("status").filter(has_text="The picture is shown.")).to_have_count(1)
    page.keyboard.press("b")
    expect(veiled).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("“one” is approved.")).to_be_visible()

    # The second: on to the third and back, then no, with a reason and a note.
    expect_in_hand(page, "two")
    page.keyboard.press("j")
    expect_in_hand(page, "three")
    page.keyboard.press("k")
    expect_in_hand(page, "two")
    page.keyboard.press("r")
    reasons = page.get_by_role("group", name="Reason: the member will read it")
    expect(reasons.get_by_role("radio").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    asked_first = reasons.get_by_role("radio", name="The person shown should be asked first")
    expect(asked_first).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("quite a pity")  # q, a, b, p and n are letters here
    page.keyboard.press("Enter")
    expect(page.get_by_text("“two” is not accepted.")).to_be_visible()

    # The third: a question.
    expect_in_hand(page, "three")
    page.keyboard.press("q")
    question = page.get_by_role("textbox", name="What would you like to know?")
    expect(question).to_be_focused()
    page.keyboard.type("Does she know?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The member has been asked about “three”.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()

    for photo, words in zip(
        photos, ("Approved", "Not accepted", "A reviewer asks you something"), strict=True
    ):
        assert words in status(member, photo)
    page.goto("/desk/review/figures/")
    expect(page.get_by_role("row").filter(has_text="reviewer@heirloom.example")).to_be_visible()
    guard.look_at_width(page)


def test_whoever_withdraws_meanwhile_is_told_of_at_the_keyboard(
    open_page: OpenPage, people: People, reviewer: Visitor, guard: Guard
):
    member = people.member()
    photo = say(member, "six")
    page = open_page("desktop", signed_in=reviewer)
    page.goto("/desk/review/")
    page.keyboard.press("n")
    expect_in_hand(page, "six")
    withdraw(member, photo)
    guard.expect_refusal(409)
    page.keyboard.press("b")
    alert = page.get_by_role("alert").filter(has_text="The member has withdrawn this")
    expect(alert).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The member has withdrawn this").first).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    guard.look_at_width(page)
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()


def test_a_reviewer_decides_on_a_phone_by_touch(
    open_page: OpenPage, people: People, reviewer: Visitor, guard: Guard
):
    member = people.member()
    photo = say(member, "four")
    page = open_page("phone", signed_in=reviewer)
    page.goto("/desk/review/")
    guard.look_at_width(page)
    page.get_by_role("button", name="Review “four”").click()
    guard.look_at_width(page)
    page.get_by_role("button", name="Show the picture").click()
    expect(page.get_by_role("img", name="four", exact=True)).to_be_visible()
    guard.look_at_width(page)
    # The decision follows what it is about, and the way to it is in sight all the time.
    expect(page.get_by_role("link", name="Decide")).to_be_in_viewport()
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("button", name="Approve")).to_be_in_viewport()
    page.locator("summary", has_text="Reject").click()
    page.get_by_label("The picture should not be changed by a model").check()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("“four” is not accepted.")).to_be_visible()
    assert "Not accepted" in status(member, photo)


def test_without_a_script_every_button_is_reached_with_tab(
    open_page: OpenPage, people: People, reviewer: Visitor
):
    member = people.member()
    photo = say(member, "five")
    page = open_page("desktop", signed_in=reviewer, javascript=False)
    page.goto("/desk/review/")
    expect(page.get_by_role("button", name="Keys")).to_have_count(0)
    tab_to(page, "Begin with the oldest")
    page.keyboard.press("Enter")
    tab_to(page, "Show the picture")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="five", exact=True)).to_be_visible()
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“five” is approved.")).to_be_visible()
    assert "Approved" in status(member, photo)
