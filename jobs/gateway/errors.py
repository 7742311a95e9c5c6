"""What can go wrong with a vendor, sorted by the two questions that matter.

Did the vendor surely not accept the request, and can trying again help?
"""

from __future__ import annotations


class GatewayError(Exception):
    """Any failure of a call to a vendor. `http_status` is None when no answer came."""

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class NotAccepted(GatewayError):
    """The vendor surely did not take the request."""


class Unreachable(NotAccepted):
    """No connection was made. Trying again can help."""


class Throttled(NotAccepted):
    """429: too many requests. Trying again after `retry_after_seconds` can help."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message, http_status=429)
        self.retry_after_seconds = retry_after_seconds


class AccountBlocked(NotAccepted):
    """401, 402 or 403: our key or our balance. Trying again helps only once staff have acted."""


class Refused(NotAccepted):
    """400: the vendor rejects what we sent. Trying again can't help.

    `reason` is what it said, one line, or "" if it gave none.
    """

    def __init__(self, message: str, *, http_status: int, reason: str = "") -> None:
        super().__init__(message, http_status=http_status)
        self.reason = reason


class Ambiguous(GatewayError):
    """Sent, but no usable answer: it may or may not have been accepted."""


class NoSuchRequest(GatewayError):
    """404 on a status request."""


class BadOutput(GatewayError):
    """The result can't be had or isn't what it should be. Trying again can't help."""


class OutputUnavailable(GatewayError):
    """The result could not be fetched this time. Trying again can help."""
