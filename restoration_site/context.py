"""What every template may ask about the house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import languages, ledger


def site(request: HttpRequest) -> dict[str, Any]:
    """The sandbox's notices, the `languages` there are, the `time_zone` of the times on the page,
    and the member's `wallet`, fetched only if a template reads it."""
    return {
        "sandbox": settings.SANDBOX,
        "sandbox_mail_url": settings.SANDBOX_MAIL_URL,
        "languages": languages.choices(),
        "time_zone": timezone.get_current_timezone_name(),
        "wallet": lambda: ledger.wallet_of(request.user) if request.user.is_authenticated else None,
    }
