"""accounts.ledger: every movement once, balanced, never below nothing."""

from __future__ import annotations

import contextlib

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts import books, ledger
from accounts.models import Transfer, TransferKind, User, Wallet
from tests.builders import make_member
from tests.racing import at_once, many_at_once

pytestmark = pytest.mark.django_db


def held(user: User, micros: int, key: str = "hold:1") -> Transfer:
    return ledger.hold(user=user, amount_micros=micros, key=key, memo="A job", reference="1")


def balances(user: User) -> tuple[int, int]:
    wallet = Wallet.objects.get(user=user)
    return wallet.available_micros, wallet.held_micros


def test_a_hold_moves_money_from_available_to_held():
    user = make_member(micros=100)
    transfer = held(user, 30)
    assert balances(user) == (70, 30)
    assert (transfer.available_after_micros, transfer.held_after_micros) == (70, 30)


def test_a_hold_beyond_the_balance_says_how_much_is_missing_and_writes_nothing():
    user = make_member(micros=100)
    with pytest.raises(ledger.InsufficientFunds) as problem:
        held(user, 130)
    assert problem.value.missing_micros == 30
    assert balances(user) == (100, 0)
    assert not Transfer.objects.filter(kind=TransferKind.HOLD).exists()


def test_capture_takes_the_held_money_and_release_then_finds_nothing():
    user = make_member(micros=100)
    hold = held(user, 30)
    ledger.capture(hold=hold, amount_micros=30, key="capture:1")
    assert ledger.release(hold=hold, key="release:1") is None
    assert balances(user) == (70, 0)
    assert ledger.balance_of(hold).charged == 30


def test_release_gives_back_what_a_partial_capture_left():
    user = make_member(micros=100)
    hold = held(user, 30)
    ledger.capture(hold=hold, amount_micros=20, key="capture:1")
    released = ledger.release(hold=hold, key="release:1")
    assert released is not None
    assert released.amount_micros == 10
    assert balances(user) == (80, 0)


def test_capture_beyond_the_hold_is_refused():
    user = make_member(micros=100)
    hold = held(user, 30)
    with pytest.raises(ledger.ExceedsHold):
        ledger.capture(hold=hold, amount_micros=31, key="capture:1")
    assert balances(user) == (70, 30)


def test_capture_after_release_is_refused_even_when_another_hold_has_money():
    user = make_member(micros=100)
    hold, _other = held(user, 30), held(user, 30, key="hold:2")
    ledger.release(hold=hold, key="release:1")
    with pytest.raises(ledger.ExceedsHold):
        ledger.capture(hold=hold, amount_micros=30, key="capture:1")


def test_refunds_stop_at_what_was_charged():
    user = make_member(micros=100)
    hold = held(user, 30)
    ledger.capture(hold=hold, amount_micros=30, key="capture:1")
    ledger.refund(hold=hold, amount_micros=20, key="refund:1", reason="smaller")
    with pytest.raises(ledger.ExceedsHold):
        ledger.refund(hold=hold, amount_micros=11, key="refund:2", reason="again")
    assert balances(user) == (90, 0)


def test_a_repeated_key_is_the_first_transfer_again():
    user = make_member(micros=100)
    assert held(user, 30) == held(user, 30)
    assert balances(user) == (70, 30)


@pytest.mark.parametrize("other", [{"micros": 31}, {"owner": "other"}])
def test_a_key_that_stands_for_something_else_is_refused(other: dict[str, object]):
    user = make_member(micros=100)
    held(user, 30)
    owner = make_member(micros=100) if "owner" in other else user
    with pytest.raises(ledger.KeyReused):
        held(owner, int(str(other.get("micros", 30))))


@pytest.mark.parametrize("micros", [0, -1])
def test_nothing_and_less_than_nothing_do_not_move(micros: int):
    user = make_member(micros=100)
    with pytest.raises(ledger.LedgerError):
        held(user, micros)


def test_an_adjustment_against_the_member_needs_money_and_a_reason():
    user, clerk = make_member(micros=100), make_member(micros=0)
    with pytest.raises(ledger.LedgerError):
        ledger.adjust(user=user, amount_micros=-10, key="a", actor=clerk, reason=" ")
    with pytest.raises(ledger.InsufficientFunds):
        ledger.adjust(user=user, amount_micros=-101, key="a", actor=clerk, reason="error")
    ledger.adjust(user=user, amount_micros=-10, key="a", actor=clerk, reason="error")
    assert balances(user) == (90, 0)


def test_nobody_adjusts_their_own_wallet():
    clerk = make_member(micros=100)
    with pytest.raises(ledger.LedgerError):
        ledger.adjust(user=clerk, amount_micros=10, key="a", actor=clerk, reason="a present")
    assert balances(clerk) == (100, 0)


def test_every_kind_has_a_route_so_the_books_balance_by_construction():
    assert set(ledger.ROUTES) == set(TransferKind)
    assert all(out_of != into for out_of, into in ledger.ROUTES.values())


def test_the_database_refuses_a_negative_balance():
    user = make_member(micros=100)
    for column in ("available_micros", "held_micros"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Wallet.objects.filter(user=user).update(**{column: -1})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_transfer SET amount_micros = 1",
        "DELETE FROM accounts_transfer",
    ],
)
def test_raw_sql_cannot_change_a_transfer(statement: str):
    make_member(micros=100)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_orm_cannot_change_a_transfer():
    make_member(micros=100)
    transfer = Transfer.objects.get()
    transfer.amount_micros = 1
    with pytest.raises(DatabaseError), transaction.atomic():
        transfer.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        transfer.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Transfer.objects.update(amount_micros=1)


def test_a_hold_is_captured_once_whatever_the_key():
    user = make_member(micros=100)
    hold = held(user, 30)
    ledger.capture(hold=hold, amount_micros=10, key="capture:1")
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.capture(hold=hold, amount_micros=10, key="capture:2")


@pytest.mark.django_db(transaction=True)
def test_sixty_four_racing_holds_with_money_for_twenty_give_exactly_twenty():
    user = make_member(micros=200)

    def hold(number: int) -> str:
        try:
            held(user, 10, key=f"hold:{number}")
        except ledger.InsufficientFunds:
            return "refused"
        return "held"

    outcomes = many_at_once(16, 64, hold)
    assert sorted(outcomes) == ["held"] * 20 + ["refused"] * 44
    assert balances(user) == (0, 200)
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_eight_captures_with_one_key_charge_once():
    user = make_member(micros=50)
    hold = held(user, 10)
    transfers = at_once(
        8, lambda _: ledger.capture(hold=hold, amount_micros=10, key="capture:1").pk
    )
    assert len(transfers) == 8
    assert len(set(transfers)) == 1
    assert balances(user) == (40, 0)


@pytest.mark.django_db(transaction=True)
def test_of_racing_refunds_of_one_charge_one_wins():
    user = make_member(micros=50)
    hold = held(user, 10)
    ledger.capture(hold=hold, amount_micros=10, key="capture:1")

    def refund(number: int) -> str:
        try:
            ledger.refund(hold=hold, amount_micros=10, key=f"refund:{number}", reason="sorry")
        except ledger.ExceedsHold:
            return "refused"
        return "refunded"

    assert sorted(at_once(8, refund)) == ["refunded"] + ["refused"] * 7
    assert balances(user) == (50, 0)
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_a_capture_and_a_release_at_once_never_both_take_the_hold():
    user = make_member(micros=50)
    hold = held(user, 10)

    def settle(number: int) -> None:
        if number % 2:
            ledger.release(hold=hold, key="release:1")
        else:
            with contextlib.suppress(ledger.ExceedsHold):
                ledger.capture(hold=hold, amount_micros=10, key="capture:1")

    at_once(8, settle)
    assert balances(user) in [(40, 0), (50, 0)]
    assert books.lies() == []
