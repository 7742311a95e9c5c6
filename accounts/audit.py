"""The staff's trail: `record` is its only writer. Call it in the transaction of what it tells."""

from __future__ import annotations

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
        what=what[:500],
        why=why[:500],
        subject=subject[:80],
        member=member,
    )
