"""`make bench`: how long the proof of the books takes, beside the least that any proof must do.

The peer, in the same run on the same database, is one plain sum over all transfers: every proof has
to read them once. What is printed is the ratio; nothing is asserted by the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from accounts import books
from accounts.models import Transfer, TransferKind, User, Wallet

MEMBERS = 100_000
BATCH = 10_000
TIMES = 3


def fill() -> None:
    """Members who each paid in a dollar and were charged for one restoration."""
    for first in range(0, MEMBERS, BATCH):
        users = User.objects.bulk_create(
            User(email=f"{number}@bench.example") for number in range(first, first + BATCH)
        )
        wallets = Wallet.objects.bulk_create(
            Wallet(user=user, available_micros=996_900) for user in users
        )
        steps = [
            (TransferKind.TOP_UP, 1_000_000, 1_000_000, 0),
            (TransferKind.HOLD, 3_100, 996_900, 3_100),
        ]
        made: list[Transfer] = []
        for kind, amount, available, held in steps:
            made = Transfer.objects.bulk_create(
                Transfer(
                    wallet=wallet,
                    kind=kind,
                    amount_micros=amount,
                    key=f"{kind}:{wallet.pk}",
                    available_after_micros=available,
                    held_after_micros=held,
                )
                for wallet in wallets
            )
        Transfer.objects.bulk_create(
            Transfer(
                wallet_id=hold.wallet_id,
                kind=TransferKind.CAPTURE,
                amount_micros=3_100,
                key=f"CAPTURE:{hold.wallet_id}",
                hold=hold,
                available_after_micros=996_900,
                held_after_micros=0,
            )
            for hold in made
        )


def best_of(act: Callable[[], object]) -> float:
    """Seconds, the quickest of a few."""
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


@pytest.mark.django_db
@pytest.mark.timeout(600)
def bench_the_proof_of_the_books():
    fill()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert books.lies(wallets_in_a_query=10**9) == []
    proof = best_of(lambda: books.lies(wallets_in_a_query=10**9))
    peer = best_of(lambda: Transfer.objects.aggregate(Sum("amount_micros")))
    print(
        f"\n{MEMBERS:,} members, {Transfer.objects.count():,} transfers, {connection.vendor}: "
        f"proof {proof:.2f} s in {len(queries) - 1} query, plain sum {peer:.3f} s, "
        f"ratio {proof / peer:.1f}"
    )
