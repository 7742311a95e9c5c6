"""django-rq's pages: what waits in Redis, and the buttons that empty or repeat it. For superusers.

The pages themselves ask for nothing more than "of the staff" (django_rq.views), and a figure's JSON
takes a token beside that. Here each one asks for a superuser, its POSTs too; and says so when Redis
does not answer, or has not got the task any more. One has no address: it shows rq-scheduler's jobs,
which is not in this house.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern
from django_rq import urls as rq_urls
from redis.exceptions import RedisError
from rq.exceptions import InvalidJobOperation, NoSuchJobError

from accounts.members import member_of

View = Callable[..., HttpResponseBase]
# What those pages raise for a task that is gone or can't be repeated any more, for a queue beyond
# the last one, and for a worker's key that is none (ValueError) or nobody's (an assert).
GONE = (NoSuchJobError, InvalidJobOperation, IndexError, ValueError, AssertionError)


def superusers_only(view: View) -> View:
    """403 for all others, sign-in for nobody yet."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = member_of(request)
        if not (person.is_staff and person.is_superuser):
            raise PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except (RedisError, OSError):
            return render(request, "503.html", status=503)
        except GONE as problem:
            raise Http404(str(problem)) from problem

    return login_required(guarded)


urlpatterns = [
    URLPattern(one.pattern, superusers_only(one.callback), one.default_args, one.name)
    for one in rq_urls.urlpatterns
    if one.name != "scheduler_jobs"
]
