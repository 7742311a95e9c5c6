"""What all vendors' HTTP answers have in common: whether one was a refusal, and its words."""

from __future__ import annotations

import re

import httpx

from jobs.gateway import errors

# It stands in a path of ours and in the database: letters, digits, and what joins them.
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
MOST_LETTERS = 300
DEFAULT_RETRY_AFTER_SECONDS = 30
MOST_RETRY_AFTER_SECONDS = 3600


def raise_if_not_accepted(response: httpx.Response, words: str = "") -> None:
    """Raises a kind of NotAccepted for any 4xx; `words` are the vendor's own, if it had any."""
    status = response.status_code
    words = readable(words) or f"answered {status}"
    if status == 429:
        raise errors.Throttled(words, retry_after_seconds=retry_after(response))
    if status in (401, 402, 403):
        raise errors.AccountBlocked(words, http_status=status)
    if 400 <= status < 500:
        raise errors.Refused(words, http_status=status)


def readable(words: str) -> str:
    """To a length, and without what a database can't keep: NUL, halves of characters, controls."""
    return "".join(c if c.isprintable() else " " for c in words)[:MOST_LETTERS]


def retry_after(response: httpx.Response) -> int:
    """How many seconds a 429 asks us to wait, within reason."""
    said = response.headers.get("Retry-After", "")
    seconds = int(said) if re.fullmatch("[0-9]{1,9}", said) else DEFAULT_RETRY_AFTER_SECONDS
    return min(max(seconds, 1), MOST_RETRY_AFTER_SECONDS)
