"""The gateway's own memory: one SQLite file with every request, its state and what was billed.

Promises that a request survives a restart of the process. Writes are single rows of a WAL file
without waiting for the disk, short enough for the event loop.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sandbox.gateway.contract import QUEUED, TERMINAL

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    request_id TEXT PRIMARY KEY,
    model_id TEXT NOT NULL,
    base_url TEXT NOT NULL,
    input_url TEXT NOT NULL,
    parameters TEXT NOT NULL,
    webhook_url TEXT,
    webhook_mode TEXT NOT NULL,
    faults TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    media_type TEXT,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    billed_micros INTEGER NOT NULL,
    callback_settled INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    completed_at REAL
);
CREATE INDEX IF NOT EXISTS requests_created ON requests (created_at);
CREATE INDEX IF NOT EXISTS requests_open ON requests (request_id) WHERE NOT callback_settled;
"""


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """One accepted request. Times are Unix seconds; money is micro-dollars.

    `callback_settled` is True once the terminal callback was delivered or given up.
    """

    request_id: str
    model_id: str
    base_url: str
    input_url: str
    parameters: dict[str, Any]
    webhook_url: str | None = None
    webhook_mode: str = "terminal"
    faults: tuple[str, ...] = ()
    status: str = QUEUED
    error: str | None = None
    media_type: str | None = None
    width_px: int = 0
    height_px: int = 0
    billed_micros: int = 0
    callback_settled: bool = False
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)
    completed_at: float | None = None

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def output_name(self) -> str:
        return "output.jpg" if self.parameters.get("output_format") == "jpg" else "output.png"


_COLUMNS = [column.name for column in fields(VendorRequest)]
_JSON_COLUMNS = ("parameters", "faults")


class Store:
    """Reads and writes `VendorRequest` rows. For one thread."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(database, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def add(self, request: VendorRequest) -> None:
        marks = ", ".join("?" * len(_COLUMNS))
        self._connection.execute(f"INSERT INTO requests VALUES ({marks})", _to_row(request))

    def get(self, request_id: str) -> VendorRequest | None:
        row = self._connection.execute(
            "SELECT * FROM requests WHERE request_id = ?", [request_id]
        ).fetchone()
        return _from_row(row) if row else None

    def change(self, request: VendorRequest, **changes: Any) -> VendorRequest:
        """Write the changed columns with a new `updated_at`; returns the row as it now is."""
        changed = replace(request, updated_at=time.time(), **changes)
        sets = ", ".join(f"{column} = ?" for column in _COLUMNS[1:])
        self._connection.execute(
            f"UPDATE requests SET {sets} WHERE request_id = ?",
            [*_to_row(changed)[1:], request.request_id],
        )
        return changed

    def settle_callback(self, request_id: str) -> None:
        """Note that the terminal callback needs no further try."""
        self._connection.execute(
            "UPDATE requests SET callback_settled = 1 WHERE request_id = ?", [request_id]
        )

    def unfinished(self) -> list[VendorRequest]:
        """What a restart has to take up again: open work and undelivered callbacks."""
        return self._select("WHERE NOT callback_settled ORDER BY created_at")

    def recent(self, limit: int = 1000) -> list[VendorRequest]:
        return self._select("ORDER BY created_at DESC LIMIT ?", limit)

    def billed(self) -> tuple[int, int]:
        """How many requests were billed, and their sum in micro-dollars."""
        count, total = self._connection.execute(
            "SELECT COUNT(*), COALESCE(SUM(billed_micros), 0) FROM requests WHERE billed_micros > 0"
        ).fetchone()
        return count, total

    def billed_between(self, begin: float, end: float) -> list[VendorRequest]:
        """What was billed in [begin, end), Unix seconds, oldest first."""
        return self._select(
            "WHERE billed_micros > 0 AND completed_at >= ? AND completed_at < ? "
            "ORDER BY completed_at, request_id",
            begin,
            end,
        )

    def clear(self) -> None:
        self._connection.execute("DELETE FROM requests")

    def _select(self, tail: str, *values: Any) -> list[VendorRequest]:
        rows = self._connection.execute(f"SELECT * FROM requests {tail}", values)
        return [_from_row(row) for row in rows]


def _to_row(request: VendorRequest) -> list[Any]:
    values = {column: getattr(request, column) for column in _COLUMNS}
    for column in _JSON_COLUMNS:
        values[column] = json.dumps(values[column])
    return list(values.values())


def _from_row(row: sqlite3.Row) -> VendorRequest:
    values = dict(row)
    for column in _JSON_COLUMNS:
        values[column] = json.loads(values[column])
    values["faults"] = tuple(values["faults"])
    values["callback_settled"] = bool(values["callback_settled"])
    return VendorRequest(**values)
