"""What goes to and comes from a vendor, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Submission:
    """One request: a path under the vendor's base URL, its JSON body, and where to call back."""

    endpoint: str
    payload: dict[str, Any]
    callback_url: str


@dataclass(frozen=True)
class Accepted:
    """The vendor's 202."""

    request_id: str


@dataclass(frozen=True)
class StatusReport:
    """What a vendor says of a request, by callback or when asked.

    `status` is one of QUEUED, PROCESSING, COMPLETED, FAILED, ERROR. `media_urls` are secrets.
    """

    request_id: str
    status: str
    error: str
    media_urls: tuple[str, ...]


class Vendor(Protocol):
    """What a step asks of a vendor. Failures are `gateway.errors`."""

    def submit(self, submission: Submission, /) -> Accepted: ...
    def status(self, request_id: str, *, endpoint: str) -> StatusReport: ...


class MalformedReport(ValueError):
    """Not in the documented form."""
