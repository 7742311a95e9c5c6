"""What a card may move: the proofs notice what is believed too easily or counted twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts import append_only
from accounts.models import CardEvent
from accounts.payments import card_facts, top_ups
from tests.accounts.conftest import card_processor as card_processor
from tests.accounts.payments import test_card_facts, test_top_ups
from tests.accounts.payments.paying import STRANGER
from tests.fake_cards import FakeCards
from tests.mutants.mutation import defect, notices


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("function", "changes", "proof", "said"),
    [
        pytest.param(
            top_ups._mismatch,
            {
                "(session.amount_micros, session.currency) != (top_up.amount_micros, ": (
                    "(0, session.currency) != (0, "
                )
            },
            test_top_ups.test_a_session_that_is_not_the_one_we_opened_moves_nothing,
            {"wrong": {"amount_total": 100_000}},
            id="any amount will do",
        ),
        pytest.param(
            top_ups._mismatch,
            {"if theirs != (ours, ours):": "if ours not in theirs:"},
            test_top_ups.test_a_session_that_is_not_the_one_we_opened_moves_nothing,
            {"wrong": {"client_reference_id": STRANGER}},
            id="one of two references will do",
        ),
        pytest.param(
            top_ups._mismatch,
            {"if top_up.session_id not in (None, session.id):": "if False:"},
            test_top_ups.test_another_session_that_names_our_top_up_moves_nothing,
            {},
            id="any session will do",
        ),
        pytest.param(
            top_ups._settle,
            {"if session.is_paid:": "if session.status == 'complete':"},
            test_top_ups.test_an_unpaid_completion_waits_for_the_bank,
            {},
            id="complete is taken for paid",
        ),
        pytest.param(
            top_ups._receive,
            {
                "    if earlier is not None:\n        return earlier\n": "",
                "event_id=event.id,": "event_id=f'{event.id}:{timezone.now()}',",
            },
            test_top_ups.test_the_same_event_again_is_the_same_row,
            {},
            id="an event counts each time",
        ),
        pytest.param(
            top_ups._bring_leg_to,
            {"amount_micros=target - taken": "amount_micros=target"},
            test_card_facts.test_partial_refunds_count_once_in_whatever_order_they_are_told,
            {},
            id="a running total is added up",
        ),
        pytest.param(
            card_facts.returned,
            {"refunded=max(alive, cumulative - sum(dead.values()))": "refunded=alive + cumulative"},
            test_card_facts.test_a_refund_told_by_itself_and_by_its_charge_counts_once,
            {},
            id="a refund told in two ways counts twice",
        ),
        pytest.param(
            top_ups._bring_to,
            {"facts.for_good * MICROS": "facts.refunded * MICROS"},
            test_card_facts.test_the_bonus_goes_only_when_a_dispute_is_lost,
            {"settings": None},
            id="a lost dispute leaves the bonus",
        ),
        pytest.param(
            top_ups._credit,
            {
                "bonus = min(settings.FIRST_PAYMENT_BONUS_MICROS, top_up.amount_micros)": (
                    "bonus = settings.FIRST_PAYMENT_BONUS_MICROS"
                )
            },
            test_top_ups.test_the_bonus_is_never_more_than_the_payment,
            {"settings": None},
            id="a bonus beyond the payment",
        ),
    ],
)
def test_a_proof_about_cards_notices(
    card_processor: FakeCards,
    settings: Any,
    function: Callable[..., Any],
    changes: dict[str, str],
    proof: Callable[..., object],
    said: dict[str, Any],
):
    said = {**said, **({"settings": settings} if "settings" in said else {})}
    with defect(function, changes):
        assert notices(proof, card_processor, **said)


@pytest.mark.django_db
def test_card_events_without_their_trigger_are_noticed(card_processor: FakeCards):
    with connection.cursor() as cursor:
        for sql in append_only.unlocking(connection.vendor, CardEvent._meta.db_table):
            cursor.execute(sql)
    statement = "DELETE FROM accounts_cardevent"
    assert notices(test_top_ups.test_a_kept_event_is_never_changed, card_processor, statement)
