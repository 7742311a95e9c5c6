"""The signed-in member of a request."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


def member_of(request: HttpRequest) -> User:
    """Whose request it is. For views behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user
