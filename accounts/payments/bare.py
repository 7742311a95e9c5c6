"""What we keep of a card processor's event: what money depends on, and nothing of who paid.

Events tell of the payer: e-mail, name, address, telephone, the card. Ours are kept for ever
(`CardEvent` can't be changed), so the rest is left out before they are stored. A list of what
stays, not of what goes: what Stripe adds one day is not kept by mistake.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

ENVELOPE = ("id", "object", "type", "created", "livemode", "api_version")
# Of the object that the event tells of: a Checkout Session, Charge, Refund or Dispute.
FACTS = (
    "id", "object", "created", "livemode", "currency", "status", "mode", "reason",
    "amount", "amount_refunded", "amount_total", "captured", "paid", "refunded", "disputed",
    "payment_status", "payment_intent", "charge", "client_reference_id", "expires_at",
    "failure_code", "failure_reason", "is_charge_refundable",
)  # fmt: skip
MOVES = ("id", "object", "amount", "currency", "created", "type", "net", "fee", "status")


def bare(body: str) -> str:
    """An event's JSON with those fields alone. Raises ValueError when it isn't an event's."""
    said = json.loads(body)
    about = said["data"]["object"]
    kept = _plain(about, FACTS)
    if isinstance(metadata := about.get("metadata"), Mapping):
        kept["metadata"] = _plain(metadata, ("top_up",))
    if isinstance(intent := about.get("payment_intent"), Mapping):
        kept["payment_intent"] = _plain(intent, ("id", "status"))
    if isinstance(moves := about.get("balance_transactions"), list):
        kept["balance_transactions"] = [
            _plain(move, MOVES) for move in moves if isinstance(move, Mapping)
        ]
    if isinstance(method := about.get("payment_method_details"), Mapping):
        kept["payment_method_details"] = _plain(method, ("type",))
    return json.dumps(_plain(said, ENVELOPE) | {"data": {"object": kept}})


def _plain(said: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Those that are there as plain values; nothing that nests comes along unseen."""
    return {
        name: said[name]
        for name in names
        if name in said and not isinstance(said[name], dict | list)
    }
