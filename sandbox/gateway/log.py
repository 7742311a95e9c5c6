"""What the gateway saw and did, for tests to assert on and for people to read.

Held in memory and bounded: the newest `LIMIT` entries of this process.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from sandbox.gateway.contract import stamp

LIMIT = 20_000


class Log:
    """Entries of ``{"at", "kind", "request_id", …}``, oldest first.

    Kinds: submit, status, input_fetch, callback, cdn.
    """

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=LIMIT)

    def note(self, kind: str, request_id: str | None, **facts: Any) -> None:
        self._entries.append(
            {"at": stamp(time.time()), "kind": kind, "request_id": request_id, **facts}
        )

    def entries(
        self, kind: str | None = None, request_id: str | None = None
    ) -> list[dict[str, Any]]:
        """The entries of one kind, of one request, of both, or all."""
        return [
            entry
            for entry in self._entries
            if kind in (None, entry["kind"]) and request_id in (None, entry["request_id"])
        ]

    def clear(self) -> None:
        self._entries.clear()
