"""Payments through the real house: what is lost, doubled, refunded and disputed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.demo import journey
from sandbox.demo.pages import Form
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.journeys.people import People

pytestmark = pytest.mark.processes

GOOD_CARD = "4242424242424242"
WITH_BONUS, PAID = 15_000_000, 10_000_000


@pytest.fixture
def cards(house: Addresses) -> Iterator[httpx.Client]:
    """The sandbox card processor's own controls, put back at the end."""
    with httpx.Client(base_url=house.cards, timeout=30, trust_env=False) as client:
        yield client
        act(client, "behave", drop=0, copies=1, delay_seconds=0, api_down=0)


@pytest.fixture
def member(people: People) -> Visitor:
    """Somebody who has never paid."""
    return people.member(credit_micros=0)


def act(cards: httpx.Client, action: str, **said: Any) -> Any:
    answer = cards.post("act", json={"action": action, **said})
    assert answer.status_code == 200, answer.text
    return answer.json()


def begin(member: Visitor) -> str:
    """Choose ten dollars; the session's id, from the card page's address."""
    page = member.open("/wallet/")
    (element,) = [one for one in page.content.all("form") if one.all("input", name="amount")]
    return member.send(page, Form(element), {"amount": "10"}).url.rpartition("/")[2]


def pay(member: Visitor, cards: httpx.Client) -> str:
    """Paid on the card page, by somebody who then closes the tab; the payment's id."""
    intent: str = act(cards, "pay", session=begin(member), number=GOOD_CARD)["payment_intent"]
    return intent


def becomes(member: Visitor, micros: int) -> None:
    journey.eventually(
        lambda: journey.wallet(member).available_micros == micros,
        f"The wallet did not come to {journey.dollars(micros)}",
    )


def delivered(cards: httpx.Client, about: str) -> None:
    """Every event about an object has arrived, however often it was sent."""

    def look() -> bool:
        events = cards.get("events").json()
        return all(one["state"] == "delivered" for one in events if about in str(one["event"]))

    journey.eventually(look, "Not every event arrived")


def test_eight_webhooks_at_once_credit_once(member: Visitor, cards: httpx.Client):
    act(cards, "behave", copies=8)
    intent = pay(member, cards)
    becomes(member, WITH_BONUS)
    delivered(cards, intent)
    assert journey.wallet(member).available_micros == WITH_BONUS


def test_a_lost_webhook_is_made_good_by_the_return_and_changes_nothing_when_it_comes_late(
    member: Visitor, cards: httpx.Client
):
    act(cards, "behave", drop=1)
    session = begin(member)
    act(cards, "pay", session=session, number=GOOD_CARD)
    assert journey.wallet(member).available_micros == 0
    payment = next(one for one in cards.get("payments").json() if one["session"]["id"] == session)
    page = member.open(payment["session"]["success_url"])
    assert "Paid: $10.00 is in your wallet" in page.content.text
    (lost,) = [one for one in cards.get("events").json() if one["state"] == "dropped"]
    act(cards, "send_again", event=lost["id"])
    delivered(cards, session)
    assert journey.wallet(member).available_micros == WITH_BONUS


def test_a_refund_in_parts_takes_the_money_and_at_last_the_bonus(
    member: Visitor, cards: httpx.Client
):
    intent = pay(member, cards)
    becomes(member, WITH_BONUS)
    act(cards, "behave", copies=8)
    act(cards, "refund", payment_intent=intent, amount=400)
    becomes(member, WITH_BONUS - 4_000_000)
    act(cards, "refund", payment_intent=intent)
    becomes(member, 0)
    delivered(cards, intent)
    assert journey.wallet(member).available_micros == 0


def test_a_dispute_that_is_won_brings_the_money_back(member: Visitor, cards: httpx.Client):
    intent = pay(member, cards)
    becomes(member, WITH_BONUS)
    dispute = act(cards, "dispute", payment_intent=intent)["id"]
    becomes(member, WITH_BONUS - PAID)
    act(cards, "won", dispute=dispute)
    becomes(member, WITH_BONUS)


def test_a_dispute_that_is_lost_takes_the_bonus_too(member: Visitor, cards: httpx.Client):
    intent = pay(member, cards)
    becomes(member, WITH_BONUS)
    dispute = act(cards, "dispute", payment_intent=intent)["id"]
    becomes(member, WITH_BONUS - PAID)
    act(cards, "lost", dispute=dispute)
    becomes(member, 0)
