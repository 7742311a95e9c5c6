"""What a payment's events say together about money that the card processor took back.

Pure functions over the events' own JSON, whatever their order and however often each came: events
are facts, and the sum of the facts decides. So a refund told twice, by its own event and by its
charge's running total, counts once, and a dispute's end that overtakes its beginning is understood.

Which fields say so: Charge.amount_refunded (cumulative), Refund.amount and .status,
Dispute.amount, .status and .balance_transactions (Stripe, API reference).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CHARGE = ("charge.refunded",)
REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
DISPUTES = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)
RETURNS = CHARGE + REFUNDS + DISPUTES
# A refund that did not reach the card, by its status: the money is ours again.
DEAD_REFUNDS = ("failed", "canceled")
ENDED_WELL = ("won", "warning_closed", "prevented")
LOST = "lost"


@dataclass(frozen=True)
class Dispute:
    """One dispute as it stands. `withdrawn` is in cents."""

    withdrawn: int
    is_open: bool
    is_lost: bool


@dataclass(frozen=True)
class Returned:
    """What went back of one payment, in cents."""

    refunded: int
    disputes: Mapping[str, Dispute]

    @property
    def is_disputed(self) -> bool:
        """A dispute is open, or was lost."""
        return any(one.is_open or one.is_lost for one in self.disputes.values())

    @property
    def for_good(self) -> int:
        """What no pending decision can bring back."""
        lost = sum(one.withdrawn for one in self.disputes.values() if one.is_lost)
        return self.refunded + lost


def returned(events: Iterable[Mapping[str, Any]]) -> Returned:
    """The sum of the facts in these events, given as their whole JSON."""
    refunds: dict[str, int] = {}
    dead: dict[str, int] = {}
    cumulative = 0
    disputes: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in events:
        about = event["data"]["object"]
        if event["type"] in CHARGE:
            cumulative = max(cumulative, about["amount_refunded"])
        elif event["type"] in REFUNDS:
            refunds[about["id"]] = about["amount"]
            if about["status"] in DEAD_REFUNDS:
                dead[about["id"]] = about["amount"]
        elif event["type"] in DISPUTES:
            disputes[about["id"]].append(event)
    alive = sum(amount for refund, amount in refunds.items() if refund not in dead)
    # The running total may have been told before a refund failed.
    return Returned(
        refunded=max(alive, cumulative - sum(dead.values())),
        disputes={key: _dispute(its) for key, its in sorted(disputes.items())},
    )


def _dispute(events: list[Mapping[str, Any]]) -> Dispute:
    types = {event["type"] for event in events}
    states = [event["data"]["object"] for event in events]
    ends = {
        about["status"]
        for event, about in zip(events, states, strict=True)
        if event["type"] == "charge.dispute.closed"
    }
    # "Zero, one, or two balance transactions that show funds withdrawn and reinstated": the
    # longest list is the latest. In another currency than the charge's they say nothing to us.
    moves = max((about.get("balance_transactions") or [] for about in states), key=len)
    in_dollars = all(move.get("currency") == "usd" for move in moves)
    back = ends & set(ENDED_WELL) or "charge.dispute.funds_reinstated" in types
    if len(moves) > 1 and in_dollars:
        withdrawn = max(0, -sum(move["amount"] for move in moves))
    elif back:
        withdrawn = 0
    elif "charge.dispute.funds_withdrawn" in types or LOST in ends:
        withdrawn = max(about["amount"] for about in states)
    else:
        withdrawn = 0
    return Dispute(
        withdrawn=withdrawn,
        is_open=not ends and "charge.dispute.funds_reinstated" not in types,
        is_lost=LOST in ends,
    )
