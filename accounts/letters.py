"""E-mails as rows: written in the transaction that decided on them, sent by the step `send`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import Letter, User


def write(*, to: User, kind: str, key: str, context: dict[str, Any]) -> Letter:
    """A letter to somebody, once for each key. `context` holds plain values for its templates."""
    letter, _ = Letter.objects.get_or_create(
        key=key,
        defaults={"to": to, "kind": kind, "context": context, "due_at": timezone.now()},
    )
    return letter
