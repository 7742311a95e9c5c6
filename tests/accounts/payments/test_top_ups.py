"""Paying in by card: one form, one payment, one credit, and one bonus."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import CardEvent, TopUp, TopUpState
from accounts.payments import cards, top_ups
from accounts.payments.bare import bare
from tests.accounts.payments.paying import STRANGER, TEN, available, begun, hear, movements, paid
from tests.builders import make_member
from tests.fake_cards import FakeCards, body_of, event
from tests.racing import at_once

pytestmark = pytest.mark.django_db


# --- Begin ------------------------------------------------------------------------------------
def test_the_same_form_is_one_top_up_and_one_session(card_processor: FakeCards):
    member, form_id = make_member(), uuid.uuid4()
    made = [
        top_ups.open_checkout(
            top_ups.begin(member=member, amount_micros=TEN, form_id=form_id), return_url="http://b/"
        )
        for _ in range(3)
    ]
    assert {(one.pk, one.session_id) for one in made} == {(form_id, "cs_test_1")}
    assert len(card_processor.requests) == 1


@pytest.mark.parametrize("micros", [0, -TEN, 4_990_000, 500_010_000, 5_000_001])
def test_an_amount_that_is_not_offered_is_refused(micros: int):
    with pytest.raises(top_ups.CannotTopUp):
        top_ups.begin(member=make_member(), amount_micros=micros, form_id=uuid.uuid4())
    assert TopUp.objects.count() == 0


def test_a_form_that_began_another_payment_begins_no_second(card_processor: FakeCards):
    member, form_id = make_member(), uuid.uuid4()
    top_ups.begin(member=member, amount_micros=TEN, form_id=form_id)
    for other, micros in ((member, 2 * TEN), (make_member(), TEN)):
        with pytest.raises(top_ups.CannotTopUp):
            top_ups.begin(member=other, amount_micros=micros, form_id=form_id)


def test_nobody_opens_checkouts_without_end(card_processor: FakeCards, settings: Any):
    settings.TOP_UPS_OPEN_AT_ONCE = 2
    member = make_member()
    for _ in range(2):
        begun(member)
    with pytest.raises(top_ups.CannotTopUp):
        begun(member)
    assert TopUp.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_the_card_processor_is_asked(card_processor: FakeCards):
    def look(request: httpx.Request) -> httpx.Response:
        assert not connection.in_atomic_block
        card_processor.on_request = None
        return card_processor._answer(request)

    card_processor.on_request = look
    top_up = begun()
    card_processor.on_request = look
    top_ups.look(top_up)


def test_a_processor_that_is_down_leaves_a_row_that_can_be_tried_again(card_processor: FakeCards):
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    card_processor.on_request = down
    top_up = top_ups.begin(member=make_member(), amount_micros=TEN, form_id=uuid.uuid4())
    with pytest.raises(cards.CardsUnavailable):
        top_ups.open_checkout(top_up, return_url="http://testserver/")
    top_up.refresh_from_db()
    assert (top_up.state, top_up.session_id) == (TopUpState.OPEN, None)
    card_processor.on_request = None
    assert top_ups.open_checkout(top_up, return_url="http://testserver/").session_id
    keys = {request.headers["Idempotency-Key"] for request in card_processor.requests}
    assert keys == {str(top_up.pk)}


# --- Settle -----------------------------------------------------------------------------------
def test_a_paid_session_is_credited_once_however_often_and_by_whom_it_is_told(
    card_processor: FakeCards,
):
    top_up = begun()
    session = card_processor.pay(top_up)
    kept = hear(card_processor, event("checkout.session.completed", session))
    again = hear(card_processor, event("checkout.session.completed", session))
    top_ups.settle(top_up=top_up, session=cards.session_in(session))
    assert (kept.verdict, again.verdict) == ("APPLIED", "NOTHING")
    top_up.refresh_from_db()
    assert top_up.transfer is not None
    assert movements(top_up.member) == [("TOP_UP", TEN)]
    assert kept.top_up == top_up


def test_the_same_event_again_is_the_same_row(card_processor: FakeCards):
    top_up = begun()
    said = event("checkout.session.completed", card_processor.pay(top_up))
    assert len({hear(card_processor, said).pk for _ in range(3)}) == 1
    assert CardEvent.objects.get().body == bare(body_of(said))


def test_an_unpaid_completion_waits_for_the_bank(card_processor: FakeCards):
    top_up = begun()
    session = card_processor.pay(top_up)
    waiting = {**session, "payment_status": "unpaid"}
    assert hear(card_processor, event("checkout.session.completed", waiting)).verdict == "NOTHING"
    assert available(top_up.member) == 0
    later = event("checkout.session.async_payment_succeeded", session)
    assert hear(card_processor, later).verdict == "APPLIED"
    assert available(top_up.member) == TEN


@pytest.mark.parametrize(
    ("type_", "state"),
    [
        ("checkout.session.async_payment_failed", TopUpState.FAILED),
        ("checkout.session.expired", TopUpState.EXPIRED),
    ],
)
def test_an_end_without_money_is_told_and_credits_nothing(
    card_processor: FakeCards, type_: str, state: TopUpState
):
    top_up = begun()
    assert top_up.session_id
    session = card_processor.sessions[top_up.session_id] | {
        "status": "expired" if state == TopUpState.EXPIRED else "complete"
    }
    assert hear(card_processor, event(type_, session)).verdict == "APPLIED"
    top_up.refresh_from_db()
    assert top_up.state == state
    assert available(top_up.member) == 0
    # Paid is paid: a bank that changed its mind is believed.
    paid_after_all = event("checkout.session.completed", card_processor.pay(top_up))
    assert hear(card_processor, paid_after_all).verdict == "APPLIED"
    assert available(top_up.member) == TEN
    assert hear(card_processor, event(type_, session)).verdict == "STALE"
    assert available(top_up.member) == TEN


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_total": 100_000},
        {"amount_total": 999},
        {"amount_total": None},
        {"currency": "eur"},
        {"currency": "USD"},
        {"client_reference_id": STRANGER},
        {"client_reference_id": None},
        {"metadata": {}},
        {"metadata": {"top_up": STRANGER}},
        {"mode": "subscription"},
        {"livemode": True},
        {"payment_intent": None},
    ],
    ids=str,
)
def test_a_session_that_is_not_the_one_we_opened_moves_nothing(
    card_processor: FakeCards, wrong: dict[str, Any]
):
    top_up = begun()
    session = {**card_processor.pay(top_up), **wrong}
    assert hear(card_processor, event("checkout.session.completed", session)).verdict == (
        "MISMATCHED"
    )
    top_up.refresh_from_db()
    assert top_up.state == TopUpState.OPEN
    assert available(top_up.member) == 0


def test_another_session_that_names_our_top_up_moves_nothing(card_processor: FakeCards):
    top_up = begun()
    session = {**card_processor.pay(top_up), "id": "cs_test_another"}
    kept = hear(card_processor, event("checkout.session.completed", session))
    assert (kept.verdict, kept.top_up) == ("MISMATCHED", top_up)
    assert available(top_up.member) == 0


def test_real_money_and_test_money_do_not_mix(card_processor: FakeCards):
    top_up = begun()
    said = event("checkout.session.completed", card_processor.pay(top_up), livemode=True)
    assert hear(card_processor, said).verdict == "MISMATCHED"
    assert available(top_up.member) == 0


@pytest.mark.parametrize("reference", ["", "not-a-uuid", STRANGER])
def test_a_checkout_of_somebody_elses_is_kept_and_left_alone(
    card_processor: FakeCards, reference: str
):
    top_up = begun()
    foreign = card_processor.pay(top_up) | {"id": "cs_x", "client_reference_id": reference}
    foreign["metadata"] = {"top_up": reference}
    kept = hear(card_processor, event("checkout.session.completed", foreign))
    assert (kept.verdict, kept.top_up) == ("NOTHING", None)


def test_a_session_whose_answer_we_never_got_is_adopted_when_it_is_paid(card_processor: FakeCards):
    top_up = begun()
    session = card_processor.pay(top_up)
    TopUp.objects.filter(pk=top_up.pk).update(session_id=None, session_url="")
    assert hear(card_processor, event("checkout.session.completed", session)).verdict == "APPLIED"
    top_up.refresh_from_db()
    assert top_up.session_id == session["id"]


def test_an_event_that_we_do_not_know_is_kept_and_does_nothing(card_processor: FakeCards):
    kept = hear(card_processor, event("invoice.paid", {"id": "in_1", "object": "invoice"}))
    assert (kept.verdict, kept.type) == ("NOTHING", "invoice.paid")


# --- Looking ----------------------------------------------------------------------------------
def grown_old(top_up: TopUp) -> TopUp:
    TopUp.objects.filter(pk=top_up.pk).update(created_at=timezone.now() - timedelta(hours=1))
    top_up.refresh_from_db()
    return top_up


def test_a_lost_webhook_and_a_closed_page_lose_nothing(card_processor: FakeCards):
    top_up = grown_old(begun())
    card_processor.pay(top_up)
    assert top_ups.look_again() == 1
    assert top_ups.look_again() == 0
    assert movements(top_up.member) == [("TOP_UP", TEN)]


def test_a_look_ends_what_expired_failed_or_was_never_opened(card_processor: FakeCards):
    expired, failed, unopened, waiting = (grown_old(begun()) for _ in range(4))
    card_processor.sessions[str(expired.session_id)]["status"] = "expired"
    card_processor.sessions[str(failed.session_id)] |= {
        "status": "complete",
        "payment_intent": {"id": "pi_1", "status": "requires_payment_method"},
    }
    card_processor.sessions[str(waiting.session_id)] |= {
        "status": "complete",
        "payment_intent": {"id": "pi_2", "status": "processing"},
    }
    TopUp.objects.filter(pk=unopened.pk).update(session_id=None)
    assert top_ups.look_again() == 3
    states = [TopUp.objects.get(pk=one.pk).state for one in (expired, failed, unopened, waiting)]
    assert states == ["EXPIRED", "FAILED", "EXPIRED", "OPEN"]


def test_a_look_leaves_young_ones_asks_a_bounded_number_and_stops_when_nobody_answers(
    card_processor: FakeCards, settings: Any
):
    settings.LOOK_AGAIN_MOST = 2
    begun()
    for _ in range(3):
        grown_old(begun())
    card_processor.requests.clear()
    assert top_ups.look_again() == 0
    assert len(card_processor.requests) == 2

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    card_processor.on_request = down
    card_processor.requests.clear()
    assert top_ups.look_again() == 0
    assert len(card_processor.requests) == 1


def test_without_keys_nobody_is_asked(settings: Any):
    settings.STRIPE_SECRET_KEY = ""
    assert top_ups.look_again() == 0


# --- The first payment's bonus ------------------------------------------------------------------
def test_the_first_payment_brings_the_bonus_and_no_other_does(
    card_processor: FakeCards, settings: Any
):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    first = paid(card_processor)
    second = paid(card_processor, first.member)
    assert movements(first.member) == [("TOP_UP", TEN), ("BONUS", 5_000_000), ("TOP_UP", TEN)]
    assert (top_ups.bonus_of(first), top_ups.bonus_of(second)) == (5_000_000, 0)


def test_the_bonus_is_never_more_than_the_payment(card_processor: FakeCards, settings: Any):
    settings.FIRST_PAYMENT_BONUS_MICROS = 50_000_000
    assert movements(paid(card_processor).member) == [("TOP_UP", TEN), ("BONUS", TEN)]


def test_a_bonus_that_comes_into_force_later_is_for_first_payments_only(
    card_processor: FakeCards, settings: Any
):
    member = paid(card_processor).member
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    paid(card_processor, member)
    assert movements(member) == [("TOP_UP", TEN), ("TOP_UP", TEN)]


# --- Racing, and what is kept --------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_eight_of_the_same_webhook_at_once_are_one_credit_and_one_row(
    card_processor: FakeCards, settings: Any
):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    top_up = begun()
    said = event("checkout.session.completed", card_processor.pay(top_up))
    kept = at_once(8, lambda number: hear(card_processor, said))
    assert {(row.pk, row.verdict) for row in kept} == {(kept[0].pk, "APPLIED")}
    assert movements(top_up.member) == [("TOP_UP", TEN), ("BONUS", 5_000_000)]


@pytest.mark.django_db(transaction=True)
def test_eight_of_the_same_strange_event_at_once_are_one_row(card_processor: FakeCards):
    said = event("invoice.paid", {"id": "in_1"})
    kept = at_once(8, lambda number: hear(card_processor, said))
    assert len({row.pk for row in kept}) == 1


@pytest.mark.django_db(transaction=True)
def test_webhook_return_page_and_look_at_once_are_one_credit(card_processor: FakeCards):
    top_up = grown_old(begun())
    session = card_processor.pay(top_up)
    acts = [
        lambda: hear(card_processor, event("checkout.session.completed", session)),
        lambda: top_ups.look(TopUp.objects.get(pk=top_up.pk)),
        lambda: top_ups.look_again(),
    ]
    at_once(9, lambda number: acts[number % 3]())
    assert movements(top_up.member) == [("TOP_UP", TEN)]


@pytest.mark.django_db(transaction=True)
def test_two_first_payments_at_once_bring_one_bonus(card_processor: FakeCards, settings: Any):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    member = make_member(micros=0)
    both = [begun(member), begun(member)]
    said = [event("checkout.session.completed", card_processor.pay(one)) for one in both]
    at_once(2, lambda number: hear(card_processor, said[number]))
    kinds = sorted(kind for kind, _ in movements(member))
    assert kinds == ["BONUS", "TOP_UP", "TOP_UP"]


@pytest.mark.parametrize("statement", ["UPDATE {} SET note = 'x'", "DELETE FROM {}"])
def test_a_kept_event_is_never_changed(card_processor: FakeCards, statement: str):
    hear(card_processor, event("invoice.paid", {"id": "in_1"}))
    table = CardEvent._meta.db_table
    attempts: list[Any] = [
        lambda: connection.cursor().execute(statement.format(table)),
        lambda: CardEvent.objects.update(note="x"),
        lambda: CardEvent.objects.all().delete(),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert CardEvent.objects.get().note == "Not an event that we act on."
