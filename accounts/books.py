"""Proof that the books are true: every wallet is the sum of its transfers.

`lies` reads what the database holds and trusts nothing that the ledger promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction

from accounts import letters
from accounts.ledger import ROUTES
from accounts.models import Account, BooksCheck, Transfer, TransferKind, Wallet
from accounts.roles import staff_with

WALLETS_IN_A_QUERY = 100_000
CHECK_EVERY = timedelta(days=1)
LIES_IN_A_LETTER = 20


def check() -> BooksCheck:
    """Prove the books now, keep what was found, and write to billing staff if there are lies."""
    found = lies()
    with transaction.atomic():
        checked = BooksCheck.objects.create(wallet_count=Wallet.objects.count(), lies=found)
        for person in staff_with("accounts.view_wallet") if found else ():
            letters.write(
                to=person,
                kind="books_lie",
                key=f"books-lie:{checked.pk}:{person.pk}",
                context={"count": len(found), "lies": found[:LIES_IN_A_LETTER]},
            )
    return checked


def check_if_due(now: datetime) -> BooksCheck | None:
    """`check`, unless done in the last day: a clock that stood still loses no day's proof.

    Without any wallet there is nothing to prove yet.
    """
    done = BooksCheck.objects.filter(at__gt=now - CHECK_EVERY).exists()
    if done or not Wallet.objects.exists():
        return None
    return check()


def lies(*, wallets_in_a_query: int = WALLETS_IN_A_QUERY) -> list[str]:
    """Every wallet that its transfers do not explain, one sentence each; [] when all is true.

    One query for each 100,000 wallets (by primary key). Three things are compared: the wallet with
    the sum of its transfers; the balances written on each transfer with the sum up to it; and every
    hold with what was taken out of it (captured, released, refunded).
    """
    last = Wallet.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found: list[str] = []
    for first in range(1, last + 1, wallets_in_a_query):
        found += _lies_between(first, first + wallets_in_a_query - 1)
    return found


def _lies_between(first: int, last: int) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(QUERY, {"first": first, "last": last})
        for kind, pk, *numbers in cursor.fetchall():
            yield SENTENCES[kind].format(pk, *(int(number) for number in numbers))


SENTENCES = {
    "wallet": "wallet {}: available {}, transfers say {}; held {}, transfers say {}",
    "running": "transfer {}: says {} available, it was {}; says {} held, it was {}",
    "hold": "hold {}: {} held, {} captured or released; {} captured, {} refunded",
}


def _effect(account: Account) -> str:
    """SQL: what a transfer brings to an account, less what it takes."""
    whens = [
        f"WHEN '{kind.value}' THEN {'' if into == account else '-'}amount_micros"
        for kind, (out_of, into) in ROUTES.items()
        if account in (out_of, into)
    ]
    return f"CASE kind {' '.join(whens)} ELSE 0 END"


def _of(kind: TransferKind) -> str:
    return f"CASE settled.kind WHEN '{kind.value}' THEN settled.amount_micros ELSE 0 END"


# One statement for both databases; every name in it is ours, every value a parameter.
QUERY = f"""
WITH effects AS (
    SELECT id, wallet_id, available_after_micros, held_after_micros,
           SUM({_effect(Account.AVAILABLE)}) OVER sofar AS available,
           SUM({_effect(Account.HELD)}) OVER sofar AS held,
           ROW_NUMBER() OVER (PARTITION BY wallet_id ORDER BY id DESC) AS from_the_end
    FROM {Transfer._meta.db_table}
    WHERE wallet_id BETWEEN %(first)s AND %(last)s
    WINDOW sofar AS (PARTITION BY wallet_id ORDER BY id)
),
holds AS (
    SELECT hold.id, hold.amount_micros,
           SUM({_of(TransferKind.CAPTURE)}) AS captured,
           SUM({_of(TransferKind.RELEASE)}) AS released,
           SUM({_of(TransferKind.REFUND)}) AS refunded
    FROM {Transfer._meta.db_table} AS hold
    JOIN {Transfer._meta.db_table} AS settled ON settled.hold_id = hold.id
    WHERE hold.wallet_id BETWEEN %(first)s AND %(last)s
    GROUP BY hold.id, hold.amount_micros
)
SELECT 'wallet', wallet.id, wallet.available_micros, COALESCE(effects.available, 0),
       wallet.held_micros, COALESCE(effects.held, 0)
FROM {Wallet._meta.db_table} AS wallet
LEFT JOIN effects ON effects.wallet_id = wallet.id AND effects.from_the_end = 1
WHERE wallet.id BETWEEN %(first)s AND %(last)s
  AND (wallet.available_micros <> COALESCE(effects.available, 0)
       OR wallet.held_micros <> COALESCE(effects.held, 0))
UNION ALL
SELECT 'running', id, available_after_micros, available, held_after_micros, held
FROM effects
WHERE available_after_micros <> available OR held_after_micros <> held
UNION ALL
SELECT 'hold', id, amount_micros, captured + released, captured, refunded
FROM holds
WHERE captured + released > amount_micros OR refunded > captured
ORDER BY 1, 2
"""  # noqa: S608
