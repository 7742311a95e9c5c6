"""The signed-in member of a request, and a member who is still here."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest

from accounts.models import User


def member_of(request: HttpRequest) -> User:
    """Whose request it is. For views behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


def locked(member: User) -> User | None:
    """The member's row, read again and locked against leaving; None when they have left.

    The first lock of all. It lets others refer to the row, which a plain FOR UPDATE does not.
    """
    rows = User.objects.select_for_update(no_key=connection.features.has_select_for_no_key_update)
    return rows.filter(pk=member.pk, left_at__isnull=True).first()
