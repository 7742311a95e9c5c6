"""What every template may ask about the house."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """`wallet` (signed-in members; fetched only if a template reads it) and the sandbox's notices."""
    from accounts import ledger

    return {
        "sandbox": settings.SANDBOX,
        "sandbox_mail_url": settings.SANDBOX_MAIL_URL,
        "wallet": lambda: ledger.wallet_of(request.user) if request.user.is_authenticated else None,
    }
