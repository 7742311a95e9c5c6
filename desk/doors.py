"""Who may come in: every page of the desk names the permission that it needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.members import member_of

View = Callable[..., HttpResponseBase]


def staff_only(*permissions: str) -> Callable[[View], View]:
    """Members of staff who hold one of these permissions; 403 for all others, sign-in for nobody
    yet."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            person = member_of(request)
            if not (person.is_staff and any(map(person.has_perm, permissions))):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(guarded)

    return decorate
