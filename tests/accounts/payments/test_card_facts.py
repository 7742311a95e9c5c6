"""What the card takes back: refunds and disputes are the sum of all that was told of them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from accounts import books, ledger
from accounts.models import CardEvent
from accounts.payments import top_ups
from tests.accounts.payments.paying import TEN, available, begun, hear, movements, paid
from tests.builders import run
from tests.fake_cards import FakeCards, charge, dispute, event, refund
from tests.racing import at_once
from tests.staff import make_clerk

pytestmark = pytest.mark.django_db


# --- What the card takes back -------------------------------------------------------------------
def test_a_refund_goes_back_and_leaves_what_was_spent_to_the_house(card_processor: FakeCards):
    top_up = paid(card_processor)
    hold = ledger.hold(user=top_up.member, amount_micros=4_000_000, key="h", memo="", reference="")
    ledger.capture(hold=hold, amount_micros=4_000_000, key="c")
    hear(card_processor, event("charge.refunded", charge(top_up, refunded_cents=1000)))
    assert movements(top_up.member)[-2:] == [("PAYOUT", 6_000_000), ("LOSS", 4_000_000)]
    top_up.refresh_from_db()
    assert (top_up.returned_micros, available(top_up.member)) == (TEN, 0)


def test_partial_refunds_count_once_in_whatever_order_they_are_told(card_processor: FakeCards):
    for order in itertools.permutations([300, 500, 1000]):
        top_up = paid(card_processor)
        for cents in order:
            hear(card_processor, event("charge.refunded", charge(top_up, refunded_cents=cents)))
        top_up.refresh_from_db()
        assert (available(top_up.member), top_up.returned_micros) == (0, TEN)
        assert sum(micros for kind, micros in movements(top_up.member) if kind == "PAYOUT") == TEN
        assert "LOSS" not in dict(movements(top_up.member))


def test_a_refund_told_by_itself_and_by_its_charge_counts_once(card_processor: FakeCards):
    said = [
        lambda top_up: event("refund.created", refund(top_up, cents=300, number=1)),
        lambda top_up: event("charge.refunded", charge(top_up, refunded_cents=300)),
        lambda top_up: event("refund.updated", refund(top_up, cents=300, number=1)),
        lambda top_up: event("charge.refunded", charge(top_up, refunded_cents=500)),
        lambda top_up: event("refund.created", refund(top_up, cents=200, number=2)),
    ]
    dice = random.Random(3)
    for _ in range(8):
        top_up = paid(card_processor)
        for tell in dice.sample(said, len(said)):
            hear(card_processor, tell(top_up))
        top_up.refresh_from_db()
        assert (available(top_up.member), top_up.returned_micros) == (5_000_000, 5_000_000)


def test_a_refund_that_did_not_reach_the_card_comes_back(card_processor: FakeCards):
    said = [
        lambda top_up: event("charge.refunded", charge(top_up, refunded_cents=300)),
        lambda top_up: event("refund.created", refund(top_up, cents=300)),
        lambda top_up: event("refund.failed", refund(top_up, cents=300, status="failed")),
    ]
    for order in itertools.permutations(said):
        top_up = paid(card_processor)
        for tell in order:
            hear(card_processor, tell(top_up))
        top_up.refresh_from_db()
        assert (available(top_up.member), top_up.returned_micros) == (TEN, 0)


def test_a_refund_before_its_payment_is_known_must_be_sent_again(card_processor: FakeCards):
    top_up = begun()
    session = card_processor.pay(top_up)
    top_up.payment_intent = session["payment_intent"]
    said = event("charge.refunded", charge(top_up, refunded_cents=1000))
    with pytest.raises(top_ups.TooEarly):
        hear(card_processor, said)
    assert CardEvent.objects.count() == 0
    hear(card_processor, event("checkout.session.completed", session))
    assert hear(card_processor, said).verdict == "APPLIED"
    assert available(top_up.member) == 0


def test_an_old_refund_of_a_payment_that_never_was_ours_is_let_be(card_processor: FakeCards):
    about = {"id": "ch_x", "amount_refunded": 5, "currency": "usd", "payment_intent": "pi_foreign"}
    said = event("charge.refunded", about, created=1_700_000_000)
    assert hear(card_processor, said).verdict == "NOTHING"


def test_a_refund_in_another_currency_or_without_its_fields_moves_nothing(
    card_processor: FakeCards,
):
    top_up = paid(card_processor)
    euros = charge(top_up, refunded_cents=1000, currency="eur")
    lame = refund(top_up, cents=1000)
    del lame["amount"]
    for said in (event("charge.refunded", euros), event("refund.created", lame)):
        assert hear(card_processor, said).verdict == "MISMATCHED"
    # What was not understood doesn't poison what comes later.
    later = hear(card_processor, event("charge.refunded", charge(top_up, refunded_cents=100)))
    assert later.verdict == "APPLIED"
    assert available(top_up.member) == 9_000_000


# --- Disputes -----------------------------------------------------------------------------------
def test_a_dispute_marks_the_payment_takes_the_money_and_gives_it_back_when_won(
    card_processor: FakeCards,
):
    top_up = paid(card_processor)
    member = top_up.member

    def tell(type_: str, **about: Any) -> tuple[str, bool, int]:
        kept = hear(card_processor, event(type_, dispute(top_up, cents=1000, **about)))
        top_up.refresh_from_db()
        return kept.verdict, top_up.disputed, available(member)

    assert tell("charge.dispute.created") == ("APPLIED", True, TEN)
    assert tell("charge.dispute.funds_withdrawn", moves=(-1000,)) == ("APPLIED", True, 0)
    won = {"status": "won", "moves": (-1000, 1000)}
    assert tell("charge.dispute.funds_reinstated", **won) == ("APPLIED", False, TEN)
    assert tell("charge.dispute.closed", **won) == ("NOTHING", False, TEN)
    assert top_up.returned_micros == 0


def test_a_disputes_events_mean_the_same_in_every_order(card_processor: FakeCards):
    for end, left, disputed in (("won", TEN, False), ("lost", 0, True)):
        said = ["created", "funds_withdrawn", "closed"]
        said += ["funds_reinstated"] if end == "won" else []
        for order in itertools.permutations(said):
            top_up = paid(card_processor)
            for what in order:
                status = end if what in ("closed", "funds_reinstated") else "under_review"
                about = dispute(top_up, cents=1000, status=status)
                hear(card_processor, event(f"charge.dispute.{what}", about))
            top_up.refresh_from_db()
            assert (available(top_up.member), top_up.disputed) == (left, disputed), order


def test_an_inquiry_that_ends_well_moves_nothing(card_processor: FakeCards):
    top_up = paid(card_processor)
    about = dispute(top_up, cents=1000, status="warning_needs_response")
    hear(card_processor, event("charge.dispute.created", about))
    hear(card_processor, event("charge.dispute.closed", about | {"status": "warning_closed"}))
    top_up.refresh_from_db()
    assert (available(top_up.member), top_up.disputed) == (TEN, False)


def test_a_refund_and_a_dispute_add_up_and_never_to_more_than_was_paid(card_processor: FakeCards):
    top_up = paid(card_processor)
    hear(card_processor, event("charge.dispute.funds_withdrawn", dispute(top_up, cents=600)))
    hear(card_processor, event("charge.refunded", charge(top_up, refunded_cents=400)))
    top_up.refresh_from_db()
    assert (top_up.returned_micros, available(top_up.member)) == (TEN, 0)

    other = paid(card_processor)
    hear(card_processor, event("charge.refunded", charge(other, refunded_cents=700)))
    kept = hear(card_processor, event("charge.dispute.funds_withdrawn", dispute(other, cents=1000)))
    assert "more than was paid in" in kept.note
    other.refresh_from_db()
    assert (other.returned_micros, available(other.member)) == (TEN, 0)


def test_a_part_of_a_disputed_amount_that_comes_back_is_exactly_that_part(
    card_processor: FakeCards,
):
    top_up = paid(card_processor)
    about = dispute(top_up, cents=1000, moves=(-1000,))
    hear(card_processor, event("charge.dispute.funds_withdrawn", about))
    part = dispute(top_up, cents=1000, moves=(-1000, 400))
    hear(card_processor, event("charge.dispute.funds_reinstated", part))
    assert available(top_up.member) == 4_000_000


def test_a_dispute_and_an_event_that_does_not_fit_are_written_to_billing_staff(
    card_processor: FakeCards, mailoutbox: list[Any]
):
    clerk = make_clerk()
    top_up = paid(card_processor)
    hear(card_processor, event("charge.dispute.created", dispute(top_up, cents=1000)))
    session = {**card_processor.pay(begun()), "amount_total": 999}
    hear(card_processor, event("checkout.session.completed", session))
    hear(card_processor, event("invoice.paid", {"id": "in_1"}))
    run("send")
    assert sorted(mail.subject for mail in mailoutbox) == [
        "A card event did not fit",
        f"A payment by {top_up.member.email} is disputed",
    ]
    assert {mail.to[0] for mail in mailoutbox} == {clerk.email}


# --- The bonus goes along -----------------------------------------------------------------------
def test_a_payment_that_wholly_goes_back_takes_its_bonus_along_as_far_as_it_is_there(
    card_processor: FakeCards, settings: Any
):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    top_up = paid(card_processor)
    ledger.hold(user=top_up.member, amount_micros=3_000_000, key="h", memo="", reference="")
    hear(card_processor, event("charge.refunded", charge(top_up, refunded_cents=999)))
    assert ("BONUS_BACK", 2_010_000) not in movements(top_up.member)
    hear(card_processor, event("charge.refunded", charge(top_up, refunded_cents=1000)))
    assert movements(top_up.member)[-1] == ("BONUS_BACK", 2_000_000)
    assert available(top_up.member) == 0
    paid(card_processor, top_up.member)
    assert movements(top_up.member)[-1] == ("TOP_UP", TEN)


def test_a_second_payment_that_goes_back_leaves_the_bonus_of_the_first(
    card_processor: FakeCards, settings: Any
):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    second = paid(card_processor, paid(card_processor).member)
    hear(card_processor, event("charge.refunded", charge(second, refunded_cents=1000)))
    assert available(second.member) == TEN + 5_000_000


def test_the_bonus_goes_only_when_a_dispute_is_lost(card_processor: FakeCards, settings: Any):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    top_up = paid(card_processor)
    hear(card_processor, event("charge.dispute.funds_withdrawn", dispute(top_up, cents=1000)))
    assert available(top_up.member) == 5_000_000
    lost = dispute(top_up, cents=1000, status="lost")
    hear(card_processor, event("charge.dispute.closed", lost))
    assert movements(top_up.member)[-1] == ("BONUS_BACK", 5_000_000)


# --- Racing, and the books ----------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_eight_refund_events_at_once_take_the_running_total(card_processor: FakeCards):
    top_up = paid(card_processor)
    said = [
        event("charge.refunded", charge(top_up, refunded_cents=cents))
        for cents in (100, 200, 300, 400, 500, 600, 700, 800)
    ]
    at_once(8, lambda number: hear(card_processor, said[number]))
    top_up.refresh_from_db()
    assert (available(top_up.member), top_up.returned_micros) == (2_000_000, 8_000_000)
    assert list(books.lies()) == []
