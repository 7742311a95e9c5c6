"""The seal on what was said: each event of a consent carries a hash that holds those before it.

A statement's own facts (who, which bytes, which notice, which purposes) are hashed into every
event, each event's hash into the next. So a change of a stored statement, of an event, of their
order or number can be shown by computing again, without trusting the database's own locks. The form
of what is hashed is fixed: changing it would break every seal there is.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

FIRST = "0" * 64  # what stands before a consent's first event


def statement_sha256(consent: Any) -> str:
    """Of all that a member said, in a form that never changes. Takes a `Consent` row."""
    return _sha256(
        {
            "id": str(consent.pk),
            "photo": str(consent.photo_id),
            "photo_sha256": consent.photo_sha256,
            "given_by": consent.given_by_id,
            "session_fingerprint": consent.session_fingerprint,
            "notice_version": consent.notice.version,
            "notice_sha256": consent.notice.sha256,
            "depicted": consent.depicted,
            "basis": consent.basis,
            "purpose_restore": consent.purpose_restore,
            "vendors": consent.vendors,
            "keep_until": _day(consent.keep_until),
            "created_at": _moment(consent.created_at),
        }
    )


def event_sha256(event: Any, *, statement: str) -> str:
    """Of one event, the statement it is about and all events before it. Takes a `ConsentEvent`."""
    return _sha256(
        {
            "consent": str(event.consent_id),
            "number": event.number,
            "from": event.from_status,
            "to": event.to_status,
            "by": event.by_id,
            "why": event.why,
            "at": _moment(event.at),
            "statement": statement,
            "previous": event.previous_sha256,
        }
    )


def _sha256(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
