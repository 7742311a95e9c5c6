"""The staff's trail: `record` is its only writer. Call it in the transaction of what it tells.

`restoration_site.staff_trail.StaffTrail` writes the pages that staff look at; `about` lets a view
tell it whom its page is about. What moves something writes an entry of its own.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.models import AuditEntry, User


def record(
    *,
    actor: User,
    action: str,
    what: str,
    why: str = "",
    subject: str = "",
    member: User | None = None,
) -> AuditEntry:
    """Write down who did or saw what, about whom and why; too long words are cut, never refused.

    `action` is a short code (``price.publish``), `subject` names a row (``transfer 12``).
    """
    return AuditEntry.objects.create(
        actor=actor,
        as_superuser=actor.is_superuser,
        action=action,
        what=_fitting(what, 500),
        why=_fitting(why, 500),
        subject=_fitting(subject, 80),
        member=member,
    )


def about(
    request: HttpRequest,
    *,
    member: User | None = None,
    subject: str = "",
    hide_query: bool = False,
) -> None:
    """What the trail shall say of this request's page. `hide_query`: the term is a secret."""
    request.audit_about = {  # type: ignore[attr-defined]
        "member": member,
        "subject": subject,
        "hide_query": hide_query,
    }


def signed_in(sender: Any, request: HttpRequest | None, user: User, **_: Any) -> None:
    """A superuser came in (user_logged_in)."""
    if user.is_superuser:
        record(actor=user, action="sign-in", what="Signed in, and may do everything")


def _fitting(words: str, most: int) -> str:
    """PostgreSQL takes no NUL, and an address may hold one."""
    return words.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:most]
