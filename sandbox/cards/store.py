"""The card processor's memory: one SQLite file with its objects, its events and given answers.

Promises that all of it survives a restart. Writes are single rows of a WAL file without waiting for
the disk, short enough for the event loop. For one thread.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, created INTEGER NOT NULL, due_at REAL,
    body TEXT NOT NULL, number INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_due ON objects (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, type TEXT NOT NULL,
    body TEXT NOT NULL, state TEXT NOT NULL, statuses TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
"""
Object = dict[str, Any]


class Store:
    """Objects are Stripe's JSON as it stands; an event waits, is delivered, dropped or given up."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(database, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    # --- Objects ------------------------------------------------------------------------------
    def put(self, about: Object, *, due_at: float | None = None) -> Object:
        """Write an object as it now is; `due_at` is when it goes on by itself."""
        self._connection.execute(
            "INSERT INTO objects VALUES (?, ?, ?, ?, ?, (SELECT COUNT(*) FROM objects)) "
            "ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, body = excluded.body",
            [about["id"], about["object"], about["created"], due_at, json.dumps(about)],
        )
        return about

    def get(self, kind: str, id_: str) -> Object | None:
        found = self._objects("WHERE id = ? AND kind = ?", id_, kind)
        return found[0] if found else None

    def all(self, kind: str) -> list[Object]:
        """Newest first."""
        return self._objects("WHERE kind = ? ORDER BY number DESC LIMIT 500", kind)

    def due(self, now: float) -> list[Object]:
        return self._objects("WHERE due_at <= ?", now)

    def _objects(self, tail: str, *values: Any) -> list[Object]:
        rows = self._connection.execute(f"SELECT body FROM objects {tail}", values)
        return [json.loads(row["body"]) for row in rows]

    # --- Events -------------------------------------------------------------------------------
    def add_event(self, event: Object) -> None:
        body = json.dumps(event, indent=2)
        self._connection.execute(
            "INSERT INTO events (id, type, body, state, statuses) VALUES (?, ?, ?, ?, ?)",
            [event["id"], event["type"], body, "waiting", "[]"],
        )

    def note_delivery(self, event_id: str, status: int | None) -> None:
        """One try at the webhook; None when nobody answered."""
        row = self.event(event_id)
        if row is not None:
            statuses = json.dumps([*json.loads(row["statuses"]), status])
            self._connection.execute(
                "UPDATE events SET statuses = ? WHERE id = ?", [statuses, event_id]
            )

    def set_event_state(self, event_id: str, state: str) -> None:
        self._connection.execute("UPDATE events SET state = ? WHERE id = ?", [state, event_id])

    def event(self, event_id: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(
            "SELECT * FROM events WHERE id = ?", [event_id]
        ).fetchone()
        return row

    def events(self) -> list[sqlite3.Row]:
        """Oldest first."""
        return list(self._connection.execute("SELECT * FROM events ORDER BY number"))

    # --- Answers by idempotency key -------------------------------------------------------------
    def answer(self, key: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(
            "SELECT * FROM answers WHERE key = ?", [key]
        ).fetchone()
        return row

    def keep_answer(self, key: str, asked: str, status: int, body: Object) -> None:
        self._connection.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?)", [key, asked, status, json.dumps(body)]
        )
