"""The seal on what was said: each event of a consent carries a hash that holds those before it.

A statement's own facts (who, which bytes, which notice, which words beside the boxes, which
purposes) are hashed into every event, each event's hash into the next. So a change of a stored
statement, of an event, of their order or number can be shown by computing again, without trusting
the database's own locks. An event that tells of a reviewer's decision holds the decision's hash,
too; a notice has a seal of its own.

What is hashed has a form, and each event says which: a later form adds to an earlier one, and seals
made in that stay as they were made. Changing a form would break every seal there is.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

FIRST = "0" * 64  # what stands before a consent's first event
# Of what is sealed now. 2 added the flags for reviewers and their decisions, 3 the words beside
# the boxes, 4 which of the notice's texts was read.
FORM = 4
LEARNT_LATER = "MANY_FACES"  # the one flag that may join a statement after it was given


def statement_sha256(consent: Any, *, form: int) -> str:
    """Of all that a member said, in a form that never changes. Takes a `Consent` row."""
    facts = {
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
    if form >= 2:
        facts["risks"] = sorted(set(consent.risks.split("|")) - {"", LEARNT_LATER})
    if form >= 3:
        wording = consent.wording
        facts["wording_sha256"] = wording.sha256 if wording else ""
        facts["wording_first_shown_at"] = _moment(wording.first_shown_at) if wording else ""
    if form >= 4:
        facts["notice_language"] = consent.notice_language
        facts["notice_read_sha256"] = consent.notice_sha256
    return _sha256(facts)


def event_sha256(event: Any, *, statement: str, form: int) -> str:
    """Of one event, the statement it is about and all events before it. Takes a `ConsentEvent`."""
    facts = {
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
    if form >= 2:
        facts |= {"form": form, "decision": event.decision_sha256}
    return _sha256(facts)


def decision_sha256(decision: Any) -> str:
    """Of all that a reviewer decided. Takes a `ReviewDecision` row."""
    return _sha256(
        {
            "id": decision.pk,
            "consent": str(decision.consent_id),
            "reviewer": decision.reviewer_id,
            "verdict": decision.verdict,
            "reason_code": decision.reason_code,
            "note": decision.note,
            "photo_sha256": decision.photo_sha256,
            "notice_version": decision.notice_version,
            "at": _moment(decision.at),
        }
    )


def notice_sha256(notice: Any) -> str:
    """Of a published version: its words, and who published it when. Takes a `ConsentNotice` row.

    One in a single language is sealed as all were before there were others.
    """
    facts = {
        "version": notice.version,
        "title": notice.title,
        "text": notice.text,
        "sha256": notice.sha256,
        "published_at": _moment(notice.published_at),
        "published_by": notice.published_by_id,
    }
    if translations := getattr(notice, "translations", None):  # older migrations know none
        facts["translations"] = translations
    return _sha256(facts)


def check_sha256(check: Any) -> str:
    """Of what one check saw and of all checks before it: its anchor. Takes a `ConsentCheck` row."""
    return _sha256(
        {
            "number": check.number,
            "at": _moment(check.at),
            "consent_count": check.consent_count,
            "last_event": check.last_event,
            "seals_sha256": check.seals_sha256,
            "young": check.young,
            "last_decision": check.last_decision,
            "decisions_sha256": check.decisions_sha256,
            "last_notice": check.last_notice,
            "notices_sha256": check.notices_sha256,
            "problems": check.problems,
            "previous": check.previous_sha256,
        }
    )


def _sha256(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
