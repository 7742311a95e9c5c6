"""accounts.ledger: what a card takes back, brings back, and the bonus that hangs on a payment."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts import books, ledger
from accounts.models import Transfer, TransferKind, User, Wallet
from tests.builders import make_member
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def available(user: User) -> int:
    return Wallet.objects.get(user=user).available_micros


def taken(user: User, micros: int, key: str = "refund:1") -> list[Transfer]:
    return ledger.take_back(
        user=user, amount_micros=micros, key=key, memo="Refund to the card", reference="t"
    )


def kinds(transfers: list[Transfer]) -> dict[str, int]:
    return {str(transfer.kind): transfer.amount_micros for transfer in transfers}


def test_what_is_still_there_goes_back_to_the_card():
    user = make_member(micros=100)
    assert kinds(taken(user, 60)) == {"PAYOUT": 60}
    assert available(user) == 40
    assert books.lies() == []


def test_what_was_spent_already_is_borne_by_the_house_and_owed_by_the_member():
    user = make_member(micros=100)
    assert kinds(taken(user, 160)) == {"PAYOUT": 100, "LOSS": 60}
    assert (available(user), ledger.owed_by(user)) == (0, 60)
    assert books.lies() == []


def test_money_set_aside_stays_set_aside():
    user = make_member(micros=100)
    ledger.hold(user=user, amount_micros=70, key="hold:1", memo="", reference="")
    assert kinds(taken(user, 100)) == {"PAYOUT": 30, "LOSS": 70}
    assert Wallet.objects.get(user=user).held_micros == 70


def test_the_same_take_back_twice_is_one():
    user = make_member(micros=100)
    assert taken(user, 160) == taken(user, 160)
    with pytest.raises(ledger.KeyReused):
        taken(user, 161)
    assert Transfer.objects.filter(kind=TransferKind.LOSS).count() == 1


def test_a_dispute_that_is_won_brings_back_exactly_what_was_taken_from_each():
    user = make_member(micros=100)
    taken(user, 160)
    again = [
        ledger.bring_back(user=user, key="refund:1", new_key="won:1", memo="", reference="t")
        for _ in range(2)
    ]
    assert kinds(again[0]) == {"REINSTATED": 100, "RECOVERY": 60}
    assert again[0] == again[1]
    assert (available(user), ledger.owed_by(user)) == (100, 0)
    assert books.lies() == []


def test_a_hold_that_comes_back_pays_what_the_card_took_meanwhile():
    """Paid 100, ordered for 100, had the card refunded, then cancelled: nobody has it twice."""
    user = make_member(micros=100)
    hold = ledger.hold(user=user, amount_micros=100, key="hold:1", memo="", reference="")
    assert kinds(taken(user, 100)) == {"LOSS": 100}
    ledger.release(hold=hold, key="release:1")
    assert (available(user), ledger.owed_by(user)) == (0, 0)
    assert Transfer.objects.newest_first()[0].kind == TransferKind.DEBT_PAID
    assert books.lies() == []


def test_whatever_comes_in_pays_what_is_owed_and_the_rest_is_the_members():
    user, clerk = make_member(micros=100), make_member(micros=0)
    taken(user, 160)
    ledger.top_up(user=user, amount_micros=20, key="t:1")
    assert (available(user), ledger.owed_by(user)) == (0, 40)
    ledger.adjust(user=user, amount_micros=50, key="a:1", actor=clerk, reason="sorry")
    assert (available(user), ledger.owed_by(user)) == (10, 0)
    ledger.top_up(user=user, amount_micros=20, key="t:2")
    assert available(user) == 30


def test_a_dispute_that_is_won_after_the_debt_was_paid_returns_what_was_paid():
    user = make_member(micros=100)
    taken(user, 160)
    ledger.top_up(user=user, amount_micros=70, key="t:1")
    assert available(user) == 10
    ledger.bring_back(user=user, key="refund:1", new_key="won:1", memo="", reference="t")
    assert (available(user), ledger.owed_by(user)) == (170, 0)
    assert books.lies() == []


def test_a_debt_is_paid_once_by_a_movement_that_is_told_twice():
    user = make_member(micros=100)
    taken(user, 160)
    for _ in range(2):
        ledger.top_up(user=user, amount_micros=20, key="t:1")
    assert ledger.owed_by(user) == 40


def test_the_statement_tells_of_a_debt_beside_the_balance():
    user = make_member(micros=100)
    taken(user, 160)
    debt, back, _ = Transfer.objects.for_member(user).newest_first()
    assert (debt.kind, debt.signed_words) == ("LOSS", "$0.00006 beside your balance")
    assert (back.kind, back.available_after_micros) == ("PAYOUT", 0)


def test_a_member_gets_one_bonus_ever_even_when_its_size_changes():
    user = make_member(micros=0)
    assert ledger.grant_bonus(user=user, amount_micros=500) is not None
    assert ledger.grant_bonus(user=user, amount_micros=900) is None
    assert available(user) == 500


def test_the_database_refuses_a_second_bonus():
    user = make_member(micros=0)
    first = ledger.grant_bonus(user=user, amount_micros=500)
    assert first is not None
    first.pk, first.key = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)


def test_a_bonus_is_taken_back_as_far_as_it_is_there_and_once():
    user = make_member(micros=0)
    ledger.grant_bonus(user=user, amount_micros=500)
    ledger.hold(user=user, amount_micros=200, key="hold:1", memo="", reference="")
    back = ledger.take_bonus_back(user=user)
    assert back is not None
    assert back.amount_micros == 300
    assert ledger.take_bonus_back(user=user) is None
    assert books.lies() == []


def test_nothing_is_taken_back_of_a_bonus_that_never_was():
    assert ledger.take_bonus_back(user=make_member(micros=100)) is None


@pytest.mark.django_db(transaction=True)
def test_racing_first_payments_bring_one_bonus():
    user = make_member(micros=0)
    got = at_once(8, lambda _: ledger.grant_bonus(user=user, amount_micros=500))
    assert sum(bonus is not None for bonus in got) == 1
    assert available(user) == 500
