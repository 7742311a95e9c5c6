"""Finishing in place: the page follows what moves, asks little, and stops when all is done."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.journeys import pictures
from tests.journeys.people import People

pytestmark = pytest.mark.browser


# What glides or moves by itself on this page, also once a price is asked for.
MOVES = """() => {
  const quotes = document.querySelectorAll(".quote");
  for (const quote of quotes) quote.parentElement.classList.add("htmx-request");
  const lasts = (times) => times.split(", ").some((time) => parseFloat(time) > 0);
  const moves = (look) => lasts(look.transitionDuration)
    || (look.animationName !== "none" && lasts(look.animationDuration))
    || look.scrollBehavior === "smooth";
  return ["", "::before", "::after"].flatMap((part) =>
    [...document.querySelectorAll("*")]
      .filter((one) => moves(getComputedStyle(one, part || null)))
      .map((one) => one.tagName + "." + one.className + part));
}"""


# When the page asked, by its own clock, and the answer that it waits for or had last.
NOTE_QUESTIONS = """
  const ask = window.fetch;
  window.asked = [];
  window.fetch = (...all) => {
    asked.push(performance.now());
    window.answer = ask(...all);
    return answer;
  };
"""


def consented_photo(member: Visitor, name: str = "oma.jpg") -> str:
    photo = journey.upload(member, (name, pictures.tinted_photo(name), "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    return photo


def questions(page: Page, about: str = "/live/") -> list[Request]:
    """What the page asks about what moves, from now on."""
    asked: list[Request] = []

    def note(request: Request) -> None:
        if about in request.url:
            asked.append(request)

    page.on("request", note)
    return asked


def let_it_ask(page: Page, times: int) -> list[float]:
    """Turn its clock on until it has asked so often, and heard each answer: when it asked."""
    while page.evaluate("asked.length") < times:
        page.clock.run_for(100)
        page.evaluate("window.answer?.then(() => null)")
    moments: list[float] = page.evaluate("asked")
    return moments


@pytest.fixture
def slow_gateway(house: Addresses) -> Iterator[None]:
    """Nobody sees a restoration go on that has ended before the page is there."""
    with httpx.Client(base_url=house.gateway, timeout=60, trust_env=False) as gateway:
        gateway.post("faults", json={"latency_seconds": 6}).raise_for_status()
        yield
        gateway.delete("faults").raise_for_status()


@pytest.mark.usefixtures("slow_gateway")
@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_restoration_ends_in_place_and_the_tab_the_balance_and_the_announcer_tell(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    member = people.member()
    page = open_page(screen, signed_in=member)
    page.goto(consented_photo(member))
    asked, cards = questions(page), questions(page, "/card/")
    page.locator("#offer-gfpgan").get_by_role("button", name=re.compile("^Restore")).click()
    card = page.locator("[data-job-state]")
    expect(card).to_have_count(1)
    clock = card.locator("[data-live-clock]")
    expect(clock).to_have_text(re.compile(r"^\d+:\d\d$"))
    guard.look_at_width(page)
    expect(card).to_have_attribute("data-job-state", "DELIVERED")
    expect(page).to_have_title("✓ Done: oma · Heirloom")
    expect(page.locator("#announcer")).to_have_text("GFPGAN: Done")
    expect(page.locator("#viewer img")).to_have_count(2)
    expect(page.locator("#balance")).to_have_text("$0.99")
    expect(page.locator("#balance")).to_have_attribute("title", "$0.9969")
    assert asked
    assert all("cookie" not in request.all_headers() for request in asked)
    # It was in front, so no e-mail has to say it (`steps.tell`).
    assert cards[-1].headers["x-looked-at"] == "1"

    # All is done: nothing is asked any more.
    before = len(asked)
    page.wait_for_timeout(5000)
    assert len(asked) == before


@pytest.mark.usefixtures("slow_gateway")
def test_a_page_on_which_nothing_moves_for_long_says_so(open_page: OpenPage, people: People):
    member = people.member()
    photo = consented_photo(member)
    page = open_page("phone", signed_in=member)
    page.route("**/live/**", lambda route: route.fulfill(json={"rows": {}}))
    page.goto(photo)
    page.locator("#offer-gfpgan").get_by_role("button", name=re.compile("^Restore")).click()
    late = page.locator("[data-job-state] [data-live-late]")
    expect(late).to_be_hidden()
    late.evaluate("words => { words.dataset.liveLate = 1 }")  # instead of five minutes
    expect(late).to_be_visible()


def test_a_page_asks_ever_more_rarely_and_at_once_when_it_is_looked_at_again(
    open_page: OpenPage, people: People, guard: Guard
):
    member = people.member()
    # Other bytes: what is said of a picture here is remembered for whoever uploads the same.
    picture = pictures.small_photo() + b"\0"
    photo = journey.upload(member, ("oma.jpg", picture, "image/jpeg"))
    journey.give_consent(member, photo, depicted=["OTHER"], basis="She was asked.")
    journey.prepared(member, photo)
    job = journey.order(member, photo, "gfpgan")  # it waits for a reviewer, whom nobody plays
    page, phone = open_page(signed_in=member), open_page("phone", signed_in=member)
    known: list[str | None] = []

    def answer(route: Route, request: Request) -> None:
        known.append(request.headers.get("if-none-match"))
        rows = f'{{"rows": {{"{job.id}": ["AWAITING_CONSENT", 3]}}}}'
        if request.headers.get("if-none-match"):
            route.fulfill(status=304)
        else:
            route.fulfill(status=200, body=rows, headers={"ETag": '"a"'})

    phone.route("**/live/**", answer)
    phone.goto(photo)
    expect(phone.locator("[data-live-before]").first).to_have_text("3 before yours")
    guard.look_at_width(phone)
    assert {"LI.::before", "DIV.quote"} <= set(phone.evaluate(MOVES))
    phone.emulate_media(reduced_motion="reduce")
    assert phone.evaluate(MOVES) == []
    phone.close()
    known.clear()
    # Its clock stands still, however long all this takes, but for when it is turned on.
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.add_init_script(NOTE_QUESTIONS)
    page.route("**/live/**", answer)
    page.goto(photo)
    let_it_ask(page, 1)
    expect(page.locator("[data-live-before]").first).to_have_text("3 before yours")
    moments = let_it_ask(page, 5)
    assert known == [None, *['"a"'] * 4]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert all(later > earlier for earlier, later in itertools.pairwise(gaps))
    with page.expect_response("**/live/**"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(500)
    assert len(page.evaluate("asked")) == len(known) == 6
    # Nothing is left for the reviewers of other tests.
    seen = member.open(photo)
    member.send(seen, seen.form(f"{urlsplit(photo).path}withdraw/"))


def test_the_tab_says_how_many_are_done_until_all_are(open_page: OpenPage, people: People):
    member = people.member()
    picture = pictures.small_photo() + b"\0\0"
    photo = journey.upload(member, ("oma.jpg", picture, "image/jpeg"))
    journey.give_consent(member, photo, depicted=["OTHER"], basis="She was asked.")
    journey.prepared(member, photo)
    jobs = [journey.order(member, photo, model) for model in ("gfpgan", "codeformer")]
    page = open_page(signed_in=member)
    page.goto(photo)  # both wait for a reviewer, whom nobody plays
    titles = ["1 of 2 done · Heirloom", "Cancelled: oma · Heirloom"]
    for job, title in zip(jobs, titles, strict=True):
        seen = member.open(photo)
        member.send(seen, seen.form(f"/jobs/{job.id}/cancel/"))
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page).to_have_title(title)
    # Nothing is left for the reviewers of other tests.
    seen = member.open(photo)
    member.send(seen, seen.form(f"{urlsplit(photo).path}withdraw/"))


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_a_gallerys_cards_end_in_place(
    open_page: OpenPage, people: People, guard: Guard, screen: str
):
    member = people.member()
    photos = [consented_photo(member, name) for name in ("oma.jpg", "opa.jpg")]
    page = open_page(screen, signed_in=member)
    for photo in photos:
        journey.order(member, photo, "gfpgan")
    page.goto("/photos/")
    guard.look_at_width(page)
    expect(page.locator("#photos").get_by_text("GFPGAN: Done")).to_have_count(2)
    expect(page.locator("#balance")).to_have_text("$0.99")
    expect(page.locator("#balance")).to_have_attribute("title", "$0.9938")
    expect(page.locator("[data-live-moves]")).to_have_count(0)
