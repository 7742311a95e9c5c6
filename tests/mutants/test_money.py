"""Every proof about money fails when the thing that it proves is broken.

Each case names a defect as somebody might write it in good faith, puts it into a copy of the real
function, and expects the named proof to notice. A proof that is content with the defect is no
proof. (The proofs themselves run, and hold, where they stand.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError, connection

from accounts import append_only, books, ledger
from accounts.ledger import balances, months, posting
from accounts.ledger.errors import ExceedsHold, InsufficientFunds, KeyReused
from accounts.models import Transfer
from jobs.catalog.quote import PerMegapixel
from jobs.steps import settle
from tests.accounts import (
    test_books,
    test_card_movements,
    test_ledger,
    test_ledger_machine,
    test_limits,
)
from tests.fakes import FakeVendor
from tests.jobs import test_catalog, test_lock_order, test_prices
from tests.jobs.steps import test_settle
from tests.mutants.mutation import defect, fails_with, notices


@dataclass(frozen=True)
class Mutant:
    """A defect, and the proof that must not pass with it."""

    name: str
    function: Callable[..., Any]
    changes: dict[str, str]
    proof: Callable[..., object]

    def __str__(self) -> str:
        return self.name


# Between the look and the lock stands a pause: the defect is there without it, but seldom seen.
PAUSE = "    __import__('time').sleep(0.05)\n"
LOCKING = "    with transaction.atomic():\n        wallet = lock(user)\n"
NO_LOCK = {
    LOCKING: f"    wallet = balances.wallet_of(user)\n{PAUSE}    with transaction.atomic():\n"
}
# (On SQLite a transaction is the only writer: there a guard within it holds without any lock.)
HOLD_GUARDED_BEFORE = {
    "        if hold is not None:\n            _check_hold(hold, kind, amount_micros)\n": "",
    LOCKING: (
        "    if hold is not None:\n        _check_hold(hold, kind, amount_micros)\n"
        f"{PAUSE}{LOCKING}"
    ),
}
LIMIT_GUARDED_BEFORE = {
    "        if kind == K.HOLD:\n            months.check_limit(wallet, amount_micros)\n": "",
    LOCKING: (
        "    if kind == K.HOLD:\n"
        "        months.check_limit(balances.wallet_of(user), amount_micros)\n"
        f"{PAUSE}{LOCKING}"
    ),
}
CHECK_THEN_INSERT = {
    "    with transaction.atomic():\n": (
        "    earlier = Transfer.objects.filter(key=key).first()\n"
        f"{PAUSE}    with transaction.atomic():\n"
    ),
    "        earlier = Transfer.objects.filter(key=key).first()\n": "",
}

# Proofs in which many act at once, each on a connection of its own.
RACING = [
    Mutant(
        "guard before lock: holds",
        posting.post,
        NO_LOCK,
        test_ledger.test_sixty_four_racing_holds_with_money_for_twenty_give_exactly_twenty,
    ),
    Mutant(
        "guard before lock: refunds",
        posting.post,
        HOLD_GUARDED_BEFORE,
        test_ledger.test_of_racing_refunds_of_one_charge_one_wins,
    ),
    Mutant(
        "guard before lock: the month's limit",
        posting.post,
        LIMIT_GUARDED_BEFORE,
        test_limits.test_racing_holds_never_pass_the_limit,
    ),
    Mutant(
        "check then insert: a key",
        posting.post,
        CHECK_THEN_INSERT,
        fails_with(ExceedsHold, test_ledger.test_eight_captures_with_one_key_charge_once),
    ),
]

# Proofs that need one connection only.
PLAIN = [
    Mutant(
        "projection drift: what is held is not written",
        posting.post,
        {'update_fields=["available_micros", "held_micros"]': 'update_fields=["available_micros"]'},
        test_ledger_machine.hunt,
    ),
    Mutant(
        "projection drift: a balance kept from before",
        posting.post,
        {"available_after_micros=wallet.available_micros": "available_after_micros=before"},
        test_ledger_machine.hunt,
    ),
    Mutant(
        "float money",
        posting.post,
        {
            "wallet.available_micros += change[A.AVAILABLE]": (
                "wallet.available_micros = int("
                "(wallet.available_micros / 1_000_000 + change[A.AVAILABLE] / 1_000_000)"
                " * 1_000_000)"
            )
        },
        test_ledger_machine.hunt,
    ),
    Mutant(
        "capture beyond the hold",
        posting._check_hold,
        {"if amount_micros > room:": "if amount_micros > now.held:"},
        fails_with(IntegrityError, test_ledger_machine.hunt, "wallet_held_never_negative"),
    ),
    Mutant(
        "refund beyond what is left of the charge",
        posting._check_hold,
        {"now.charged if kind": "now.captured if kind"},
        test_ledger.test_refunds_stop_at_what_was_charged,
    ),
    Mutant(
        "a key that stands for something else is taken for the same",
        posting.post,
        {"amount_micros, hold.pk if hold else None)": "earlier.amount_micros, earlier.hold_id)"},
        lambda: test_ledger.test_a_key_that_stands_for_something_else_is_refused({"micros": 31}),
    ),
    Mutant(
        "a new key for each try",
        posting.post,
        {"            key=key,": "            key=f'{key}:{wallet.transfers.count()}',"},
        test_ledger_machine.hunt,
    ),
    Mutant(
        "a card takes back what isn't there",
        ledger.take_back,
        {"min(amount_micros, wallet.available_micros)": "amount_micros"},
        fails_with(InsufficientFunds, test_ledger_machine.hunt),
    ),
    Mutant(
        "a second bonus of another size",
        ledger.grant_bonus,
        {"if wallet.transfers.filter(kind=K.BONUS).exists():": "if False:"},
        fails_with(
            KeyReused,
            test_card_movements.test_a_member_gets_one_bonus_ever_even_when_its_size_changes,
            "bonus:",
        ),
    ),
    Mutant(
        "float money: a price",
        PerMegapixel.total,
        {
            "-(-output_pixels * unit_micros // PIXELS_IN_A_MEGAPIXEL)": (
                "int(output_pixels / 1_000_000 * unit_micros + 0.999999)"
            )
        },
        test_catalog.test_a_megapixels_price_is_exact_for_any_size_and_rate,
    ),
    Mutant(
        "a price rounded down",
        PerMegapixel.total,
        {"-(-output_pixels * unit_micros // PIXELS": "(output_pixels * unit_micros // PIXELS"},
        lambda: test_prices.test_golden_prices("codeformer", 1920, 1080, 1, 4_355),
    ),
    Mutant(
        "a price rounded twice",
        PerMegapixel.total,
        {
            "-(-output_pixels * unit_micros // PIXELS_IN_A_MEGAPIXEL)": (
                "-(-output_pixels // PIXELS_IN_A_MEGAPIXEL) * unit_micros"
            )
        },
        lambda: test_prices.test_golden_prices("codeformer", 1920, 1080, 1, 4_355),
    ),
    Mutant(
        "a debt that nobody collects",
        posting.post,
        {"if kind in SQUARED_AFTER:": "if kind == K.TOP_UP:"},
        test_card_movements.test_a_hold_that_comes_back_pays_what_the_card_took_meanwhile,
    ),
    Mutant(
        "a debt that is collected for ever",
        balances.owed_by,
        {"for kind, sign in DEBT.items()": "for kind, sign in DEBT.items() if sign > 0"},
        test_card_movements.test_whatever_comes_in_pays_what_is_owed_and_the_rest_is_the_members,
    ),
    Mutant(
        "the limit forgets what was spent",
        months.check_limit,
        {"spent + amount_micros": "amount_micros"},
        test_limits.test_a_hold_that_reaches_the_limit_is_the_last_one,
    ),
    Mutant(
        "a letter for every hold below the line",
        posting._warn_if_low,
        {" < line <= before_micros": " < line"},
        test_limits.test_crossing_the_line_downwards_writes_one_letter,
    ),
    Mutant(
        "the proof of the books looks at no hold",
        books._lies_between,
        {
            "for kind, pk, *numbers in cursor.fetchall():": (
                "for kind, pk, *numbers in cursor.fetchall():\n"
                "            if kind == 'hold':\n"
                "                continue"
            )
        },
        test_books.test_a_hold_that_was_paid_out_beyond_itself_is_found,
    ),
    Mutant(
        "the proof of the books stops before the last wallets",
        books.lies,
        {"range(1, last + 1, wallets_in_a_query)": "range(1, last, wallets_in_a_query)[:-1]"},
        test_books.test_a_wallet_with_money_and_no_transfers_is_found,
    ),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mutant", RACING, ids=str)
def test_a_race_notices(mutant: Mutant):
    with defect(mutant.function, mutant.changes):
        assert notices(mutant.proof)


@pytest.mark.django_db
@pytest.mark.parametrize("mutant", PLAIN, ids=str)
def test_a_proof_notices(mutant: Mutant):
    with defect(mutant.function, mutant.changes):
        assert notices(mutant.proof)


CAPTURE_TWICE = {
    "        if not news and job.state != JobState.UNKNOWN:\n"
    "            return Settlement(Verdict.DUPLICATE)\n": "",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bucket")
def test_capturing_twice_is_noticed(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch):
    """The callback takes every COMPLETED for news, and each capture has a key of its own."""
    complete = {
        "    move(job, JobState.COMPLETED, by=by, completed_at=now, due_at=now)\n": "",
        'key=f"capture:{job.pk}"': 'key=f"capture:{job.pk}:{now}"',
    }
    with defect(settle.apply, CAPTURE_TWICE), defect(settle._complete, complete):
        # The ledger gives no more than was held.
        proof = test_settle.test_callbacks_pollers_and_sweeps_at_once_charge_once
        assert notices(fails_with(ExceedsHold, proof), vendor, monkeypatch)


@pytest.mark.django_db
@pytest.mark.usefixtures("bucket")
def test_a_wallet_locked_before_the_job_is_noticed(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
):
    watches = test_lock_order.watching(monkeypatch)
    wallet_first = {
        "        job = RestorationJob": (
            "        ledger.posting.lock(attempt.job.owner)\n        job = RestorationJob"
        )
    }
    with watches as watch, defect(settle.apply, wallet_first):
        assert notices(
            test_lock_order.test_every_verb_takes_its_locks_in_the_documented_order,
            "callback",
            vendor,
            watch,
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "proof",
    [
        lambda: test_ledger.test_raw_sql_cannot_change_a_transfer(
            "UPDATE accounts_transfer SET amount_micros = 1"
        ),
        test_ledger.test_the_orm_cannot_change_a_transfer,
    ],
)
def test_a_table_without_its_trigger_is_noticed(proof: Callable[[], object]):
    with connection.cursor() as cursor:
        for sql in append_only.unlocking(connection.vendor, Transfer._meta.db_table):
            cursor.execute(sql)
    assert notices(proof)


def test_a_defect_that_does_not_apply_any_more_is_an_error():
    with pytest.raises(LookupError), defect(ledger.hold, {"no such text": ""}):
        pass


def test_a_sound_function_is_not_complained_of():
    assert not notices(lambda: None)


def test_a_proof_that_breaks_down_proves_nothing():
    with pytest.raises(ZeroDivisionError):
        notices(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        notices(fails_with(ZeroDivisionError, lambda: 1 // 0, "no such words"))
    with pytest.raises(ZeroDivisionError):
        notices(fails_with(LookupError, lambda: 1 // 0))


def test_a_proof_may_end_in_the_error_that_was_named():
    assert notices(fails_with(ZeroDivisionError, lambda: 1 // 0, "by zero"))
    assert not notices(fails_with(ZeroDivisionError, lambda: None))


def test_a_proof_that_takes_something_else_proves_nothing():
    with pytest.raises(TypeError):
        notices(lambda member: None)
