"""The ledger against a small model of it, under whatever order of calls Hypothesis thinks of.

Two members; every movement there is; every call perhaps repeated at once or much later with the
same key. Afterwards, always: all accounts together are nothing, no balance is below nothing, no
hold gives more than it took, no refund more than was captured, each key stands once, the balances
are the model's, and the proof of the books finds no lie.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import books, ledger
from accounts.models import Account, Transfer, TransferKind, User, Wallet
from tests.builders import make_member

AMOUNTS = st.integers(min_value=1, max_value=120)
MEMBERS = st.integers(0, 1)
START = 200

Movement = Callable[[], Transfer | None]


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
class Dispute:
    """What the model knows of one payment that a card took back."""

    member: int
    key: str
    paid: int
    lost: int
    won: bool = False


@dataclass
class Model:
    available: list[int] = field(default_factory=lambda: [START, START])
    owed: list[int] = field(default_factory=lambda: [0, 0])
    holds: list[Held] = field(default_factory=list)
    done: list[tuple[Movement, Transfer | None]] = field(default_factory=list)

    def comes_in(self, member: int, amount: int) -> None:
        """What comes in pays first what is owed."""
        self.available[member] += amount
        pays = min(self.available[member], self.owed[member])
        self.available[member] -= pays
        self.owed[member] -= pays


class LedgerMachine(RuleBasedStateMachine):
    """Each rule does a thing to the ledger and to the model, and expects the same of both."""

    holds = Bundle("holds")
    disputes = Bundle("disputes")

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

    def did(self, movement: Movement) -> Transfer | None:
        """Do it, and remember it for a retry."""
        transfer = movement()
        self.model.done.append((movement, transfer))
        return transfer

    @rule(target=holds, member=MEMBERS, amount=AMOUNTS)
    def hold(self, member: int, amount: int) -> Held | None:
        key = f"hold:{uuid.uuid4()}"

        def movement() -> Transfer:
            return ledger.hold(
                user=self.members[member], amount_micros=amount, key=key, memo="", reference=""
            )

        if amount > self.model.available[member]:
            with pytest.raises(ledger.InsufficientFunds):
                movement()
            return None
        transfer = self.did(movement)
        assert transfer is not None
        held = Held(transfer, member, amount)
        self.model.available[member] -= amount
        self.model.holds.append(held)
        return held

    @rule(held=holds, amount=AMOUNTS)
    def capture(self, held: Held | None, amount: int) -> None:
        if held is None or held.captured:
            return  # a second capture of a hold is another test's
        key = f"capture:{uuid.uuid4()}"

        def movement() -> Transfer:
            return ledger.capture(hold=held.transfer, amount_micros=amount, key=key)

        if amount > held.open:
            with pytest.raises(ledger.ExceedsHold):
                movement()
            return
        self.did(movement)
        held.captured += amount

    @rule(held=holds)
    def release(self, held: Held | None) -> None:
        if held is None:
            return
        released = self.did(
            lambda: ledger.release(hold=held.transfer, key=f"release:{held.transfer.pk}")
        )
        if held.open:
            assert released is not None
            assert released.amount_micros == held.open
            back = held.open
            held.released += back
            self.model.comes_in(held.member, back)

    @rule(held=holds, amount=AMOUNTS)
    def refund(self, held: Held | None, amount: int) -> None:
        if held is None:
            return
        key = f"refund:{uuid.uuid4()}"

        def movement() -> Transfer:
            return ledger.refund(hold=held.transfer, amount_micros=amount, key=key, reason="r")

        if amount > held.captured - held.refunded:
            with pytest.raises(ledger.ExceedsHold):
                movement()
            return
        self.did(movement)
        held.refunded += amount
        self.model.comes_in(held.member, amount)

    @rule(member=MEMBERS, amount=st.integers(-120, 120).filter(bool))
    def adjust(self, member: int, amount: int) -> None:
        key = f"adjust:{uuid.uuid4()}"

        def movement() -> Transfer:
            return ledger.adjust(
                user=self.members[member],
                amount_micros=amount,
                key=key,
                actor=self.clerk,
                reason="because",
            )

        if self.model.available[member] + amount < 0:
            with pytest.raises(ledger.InsufficientFunds):
                movement()
            return
        self.did(movement)
        if amount > 0:
            self.model.comes_in(member, amount)
        else:
            self.model.available[member] += amount

    @rule(member=MEMBERS, amount=AMOUNTS)
    def top_up(self, member: int, amount: int) -> None:
        key = f"top-up:{uuid.uuid4()}"
        self.did(lambda: ledger.top_up(user=self.members[member], amount_micros=amount, key=key))
        self.model.comes_in(member, amount)

    @rule(target=disputes, member=MEMBERS, amount=AMOUNTS)
    def the_card_takes_back(self, member: int, amount: int) -> Dispute:
        user, key = self.members[member], f"dispute:{uuid.uuid4()}"
        for _ in range(2):
            ledger.take_back(user=user, amount_micros=amount, key=key, memo="", reference="")
        paid = min(amount, self.model.available[member])
        self.model.available[member] -= paid
        self.model.owed[member] += amount - paid
        return Dispute(member, key, paid, amount - paid)

    @rule(dispute=disputes)
    def the_dispute_is_won(self, dispute: Dispute) -> None:
        user, key = self.members[dispute.member], dispute.key
        for _ in range(2):
            ledger.bring_back(user=user, key=key, new_key=f"won:{key}", memo="", reference="")
        if dispute.won:
            return
        dispute.won = True
        self.model.owed[dispute.member] -= dispute.lost
        too_much = max(0, -self.model.owed[dispute.member])  # was paid back meanwhile
        self.model.owed[dispute.member] += too_much
        self.model.comes_in(dispute.member, too_much + dispute.paid)

    @rule(member=MEMBERS)
    def a_bonus(self, member: int) -> None:
        if ledger.grant_bonus(user=self.members[member], amount_micros=50):
            self.model.comes_in(member, 50)

    @precondition(lambda self: hasattr(self, "model") and self.model.done)
    @rule(dice=st.randoms(use_true_random=False))
    def an_old_call_comes_again(self, dice: object) -> None:
        movement, transfer = dice.choice(self.model.done)  # type: ignore[attr-defined]
        again = movement()
        if transfer is not None:  # a release of nothing may find something later: not a retry
            assert again == transfer

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
            assert min(wallet.available_micros, wallet.held_micros) >= 0
            owed = ledger.owed_by(member)
            assert owed == self.model.owed[number] >= 0
            assert not (owed and wallet.available_micros)
        assert books.lies() == []

    @invariant()
    def all_accounts_together_are_nothing(self) -> None:
        if not hasattr(self, "members"):
            return
        sums: Counter[Account] = Counter()
        for transfer in Transfer.objects.all():
            out_of, into = ledger.ROUTES[TransferKind(transfer.kind)]
            sums[out_of] -= transfer.amount_micros
            sums[into] += transfer.amount_micros
        assert sum(sums.values()) == 0
        wallets = Wallet.objects.all()
        assert sums[Account.AVAILABLE] == sum(wallet.available_micros for wallet in wallets)
        assert sums[Account.HELD] == sum(wallet.held_micros for wallet in wallets)

    @invariant()
    def no_hold_gives_more_than_it_took_and_each_key_stands_once(self) -> None:
        if not hasattr(self, "members"):
            return
        for held in self.model.holds:
            now = ledger.balance_of(held.transfer)
            assert now.captured + now.released <= now.held == held.amount
            assert now.refunded <= now.captured
        keys = Transfer.objects.values_list("key", flat=True)
        assert len(keys) == len(set(keys))


def run_machine(*, examples: int, phases: Collection[Phase]) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            phases=phases,
            report_multiple_bugs=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_no_order_of_calls_makes_the_books_lie():
    run_machine(examples=40, phases=list(Phase))


def hunt() -> None:
    """The same, for longer, and the first lie found will do: nobody needs the shortest."""
    run_machine(examples=200, phases=[Phase.generate])
