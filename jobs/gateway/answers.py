"""What all vendors' HTTP answers have in common: whether one was a refusal, and its words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from jobs.gateway import errors

# It stands in a path of ours and in the database: letters, digits, and what joins them.
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
ADDRESS = re.compile(r"(?:https?:|[a-z][a-z0-9+.-]{0,15}://)[^\s\"'<>]+", re.IGNORECASE)
HIDDEN = "(address hidden)"
MOST_LETTERS = 300
DEFAULT_RETRY_AFTER_SECONDS = 30
MOST_RETRY_AFTER_SECONDS = 3600


def raise_if_not_accepted(response: httpx.Response, words: str = "") -> None:
    """Raises a kind of NotAccepted for any 4xx; `words` are the vendor's own, if it had any."""
    status = response.status_code
    reason = readable(words)
    words = reason or f"answered {status}"
    if status == 429:
        raise errors.Throttled(words, retry_after_seconds=retry_after(response, datetime.now(UTC)))
    if status in (401, 402, 403):
        raise errors.AccountBlocked(words, http_status=status)
    if status in (408, 425):  # it did not read the request, or wants it again
        raise errors.NotAccepted(words, http_status=status)
    if 400 <= status < 500:
        raise errors.Refused(words, http_status=status, reason=reason)


def readable(words: str) -> str:
    """To a length, and without what a database can't keep: NUL, halves of characters, controls.

    Nor with addresses: a vendor that can't fetch or call back says from where, and that is a secret
    which must not get into logs, letters and diaries.
    """
    words = "".join(c if c.isprintable() else " " for c in words)
    return without_addresses(words)[:MOST_LETTERS]


def without_addresses(words: str) -> str:
    """What stands in their place says that there was one."""
    return ADDRESS.sub(HIDDEN, words)


def retry_after(response: httpx.Response, now: datetime) -> int:
    """How many seconds a 429 asks us to wait, within reason.

    In either of the header's forms, seconds or a date (RFC 9110, section 10.2.3).
    """
    said = response.headers.get("Retry-After", "")
    if re.fullmatch("[0-9]{1,9}", said):
        seconds = int(said)
    else:
        at = _date(said)
        seconds = round((at - now).total_seconds()) if at else DEFAULT_RETRY_AFTER_SECONDS
    return min(max(seconds, 1), MOST_RETRY_AFTER_SECONDS)


def _date(said: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
