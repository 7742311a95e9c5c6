"""A member's statement: which movements, of which month, with which sums. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from django.db.models import Count, Sum

from accounts.ledger import month_of
from accounts.models import Transfer, TransferKind, User
from accounts.models.wallet import TransferQuerySet
from accounts.money import decimal_dollars

# Says in words what some references stand for, by reference, in a fixed number of queries.
Describe = Callable[[Collection[str]], Mapping[str, str]]
_describers: list[Describe] = []
DESCRIBED_AT_ONCE = 500

CSV_HEADER = (
    "time (UTC)",
    "what",
    "description",
    "reason",
    "added",
    "taken",
    "charged",
    "available after",
    "set aside after",
    "restoration",
    "transfer",
)


def describe_with(describe: Describe) -> None:
    """A room whose rows transfers refer to says here how to name them."""
    if describe not in _describers:
        _describers.append(describe)


def described(transfers: Iterable[Transfer]) -> list[Transfer]:
    """The same movements, each knowing what it was for; a query for each room, however many."""
    rows = list(transfers)
    references = {row.reference for row in rows if row.is_of_a_job}
    for describe in _describers if references else ():
        words = describe(references)
        for row in rows:
            if row.is_of_a_job:
                row.about = words.get(row.reference, row.about)
    return rows


@dataclass(frozen=True)
class Sums:
    """One kind's movements in a month, in micro-dollars."""

    kind: TransferKind
    count: int
    micros: int

    @property
    def label(self) -> str:
        return str(self.kind.label)


@dataclass(frozen=True)
class Month:
    """One calendar month (UTC) of a wallet, in micro-dollars; transfers oldest first."""

    first: datetime
    opening_available_micros: int
    opening_held_micros: int
    closing_available_micros: int
    closing_held_micros: int
    sums: list[Sums]
    transfers: list[Transfer]

    @property
    def charged_micros(self) -> int:
        """What the month's restorations cost; less than nothing when more came back."""
        sums = {each.kind: each.micros for each in self.sums}
        return sums.get(TransferKind.CAPTURE, 0) - sums.get(TransferKind.REFUND, 0)

    @property
    def returned_micros(self) -> int:
        """The same, seen from the other side."""
        return -self.charged_micros


def months_of(user: User) -> list[datetime]:
    """The months in which something moved, newest first."""
    return list(
        Transfer.objects.for_member(user).datetimes("created_at", "month", order="DESC", tzinfo=UTC)
    )


def within(transfers: TransferQuerySet, month: datetime) -> TransferQuerySet:
    """Those of the calendar month in which `month` lies."""
    first, next_first = month_of(month)
    return transfers.filter(created_at__gte=first, created_at__lt=next_first)


def month_statement(user: User, month: datetime) -> Month:
    """What a month began with, what moved, and what it ended with; a fixed number of queries."""
    first, _next = month_of(month)
    mine = Transfer.objects.for_member(user)
    before = mine.filter(created_at__lt=first).order_by("-pk").first()
    transfers = described(within(mine, month).order_by("pk"))
    opening = (before.available_after_micros, before.held_after_micros) if before else (0, 0)
    last = transfers[-1] if transfers else None
    closing = (last.available_after_micros, last.held_after_micros) if last else opening
    sums = {
        row["kind"]: Sums(TransferKind(row["kind"]), row["count"], row["micros"])
        for row in within(mine, month)
        .values("kind")
        .annotate(count=Count("pk"), micros=Sum("amount_micros"))
        .order_by()
    }
    return Month(
        first=first,
        opening_available_micros=opening[0],
        opening_held_micros=opening[1],
        closing_available_micros=closing[0],
        closing_held_micros=closing[1],
        sums=[sums[kind] for kind in TransferKind if kind in sums],
        transfers=transfers,
    )


def csv_rows(transfers: TransferQuerySet) -> Iterator[list[str]]:
    """The statement's lines for a spreadsheet, under CSV_HEADER; dollars as plain decimals."""
    for transfer in _described_in_turns(transfers):
        amount = decimal_dollars(transfer.amount_micros)
        yield [
            transfer.created_at.astimezone(UTC).isoformat(timespec="seconds"),
            transfer.get_kind_display(),
            transfer.words,
            transfer.reason,
            amount if transfer.adds else "",
            amount if transfer.takes else "",
            amount if transfer.kind == TransferKind.CAPTURE else "",
            decimal_dollars(transfer.available_after_micros),
            decimal_dollars(transfer.held_after_micros),
            transfer.reference if transfer.is_of_a_job else "",
            str(transfer.pk),
        ]


def _described_in_turns(transfers: TransferQuerySet) -> Iterator[Transfer]:
    """However many there are, a few hundred are held at a time."""
    rows = transfers.iterator(chunk_size=DESCRIBED_AT_ONCE)
    while some := described(islice(rows, DESCRIBED_AT_ONCE)):
        yield from some
