"""Buttons' addresses: a form is sent there, and there is nothing to look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]


def pressed(page: str, *names: str) -> Callable[[View], View]:
    """Looking at a button's address leads to `page`, on which it stands.

    A refused form leaves it in the address bar; reloading from there, or coming back, shows the
    page afresh. `names` are what the page's address takes over from the button's.
    """

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def only_pressed(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
            if request.method != "POST":
                taken_over = {name: named[name] for name in names}
                return HttpResponseRedirect(reverse(page, kwargs=taken_over))
            return view(request, *args, **named)

        return only_pressed

    return decorate
