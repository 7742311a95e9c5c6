"""The ledger against a ten-line model of it, under whatever order of calls Hypothesis thinks of.

Two members, holds, captures, releases, refunds, adjustments, and every call perhaps repeated with
the same key. Afterwards, always: nothing negative, the model's balances, and no lies.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from accounts import books, ledger
from accounts.models import Transfer, User, Wallet
from tests.builders import make_member

AMOUNTS = st.integers(min_value=1, max_value=120)
START = 200


@dataclass
class Held:
    """What the model knows of one hold."""

    transfer: Transfer
    member: int
    amount: int
    captured: int = 0
    released: int = 0
    refunded: int = 0

    @property
    def open(self) -> int:
        return self.amount - self.captured - self.released


@dataclass
class Model:
    available: list[int] = field(default_factory=lambda: [START, START])
    holds: list[Held] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """Each rule does a thing to the ledger and to the model, and expects the same of both."""

    holds = Bundle("holds")

    @initialize()
    def begin(self) -> None:
        self._outer = transaction.atomic()
        self._outer.__enter__()
        self.members: list[User] = [make_member(micros=START) for _ in range(2)]
        self.clerk = make_member(micros=0)
        self.model = Model()

    def teardown(self) -> None:
        if hasattr(self, "_outer"):
            transaction.set_rollback(True)
            self._outer.__exit__(None, None, None)

    @rule(target=holds, member=st.integers(0, 1), amount=AMOUNTS, again=st.booleans())
    def hold(self, member: int, amount: int, again: bool) -> Held | None:
        key = f"hold:{uuid.uuid4()}"

        def act() -> Transfer:
            return ledger.hold(
                user=self.members[member], amount_micros=amount, key=key, memo="", reference=""
            )

        if amount > self.model.available[member]:
            with pytest.raises(ledger.InsufficientFunds):
                act()
            return None
        held = Held(act(), member, amount)
        if again:
            assert act() == held.transfer
        self.model.available[member] -= amount
        self.model.holds.append(held)
        return held

    @rule(held=holds, amount=AMOUNTS, again=st.booleans())
    def capture(self, held: Held | None, amount: int, again: bool) -> None:
        if held is None or held.captured:
            return  # a second capture of a hold is another test's
        key = f"capture:{uuid.uuid4()}"

        def act() -> Transfer:
            return ledger.capture(hold=held.transfer, amount_micros=amount, key=key)

        if amount > held.open:
            with pytest.raises(ledger.ExceedsHold):
                act()
            return
        first = act()
        if again:
            assert act() == first
        held.captured += amount

    @rule(held=holds, again=st.booleans())
    def release(self, held: Held | None, again: bool) -> None:
        if held is None:
            return
        key = f"release:{held.transfer.pk}"
        released = ledger.release(hold=held.transfer, key=key)
        if again:
            assert ledger.release(hold=held.transfer, key=key) == released
        if held.open:
            assert released is not None
            assert released.amount_micros == held.open
            self.model.available[held.member] += held.open
            held.released += held.open

    @rule(held=holds, amount=AMOUNTS)
    def refund(self, held: Held | None, amount: int) -> None:
        if held is None:
            return
        key = f"refund:{uuid.uuid4()}"
        if amount > held.captured - held.refunded:
            with pytest.raises(ledger.ExceedsHold):
                ledger.refund(hold=held.transfer, amount_micros=amount, key=key, reason="r")
            return
        ledger.refund(hold=held.transfer, amount_micros=amount, key=key, reason="r")
        held.refunded += amount
        self.model.available[held.member] += amount

    @rule(member=st.integers(0, 1), amount=st.integers(-120, 120).filter(bool))
    def adjust(self, member: int, amount: int) -> None:
        def act() -> None:
            ledger.adjust(
                user=self.members[member],
                amount_micros=amount,
                key=f"adjust:{uuid.uuid4()}",
                actor=self.clerk,
                reason="because",
            )

        if self.model.available[member] + amount < 0:
            with pytest.raises(ledger.InsufficientFunds):
                act()
            return
        act()
        self.model.available[member] += amount

    @invariant()
    def the_books_are_the_models(self) -> None:
        if not hasattr(self, "members"):
            return
        for number, member in enumerate(self.members):
            wallet = Wallet.objects.get(user=member)
            held = sum(h.open for h in self.model.holds if h.member == number)
            assert (wallet.available_micros, wallet.held_micros) == (
                self.model.available[number],
                held,
            )
        assert books.lies() == []


@pytest.mark.django_db
def test_no_order_of_calls_makes_the_books_lie():
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
