"""Requests that are far too large are turned away before they are read."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class RequestSizeLimit:
    """413 for a declared body over REQUEST_MAX_BYTES; the form's own limits speak below that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.REQUEST_MAX_BYTES:
            return render(
                request, "413.html", {"limit_bytes": settings.REQUEST_MAX_BYTES}, status=413
            )
        return self.get_response(request)
