"""What holds for every request: its size, who may keep a copy, and fragments without a session."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django_htmx.http import HttpResponseClientRefresh


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


class PrivatePages:
    """No copy of a signed-in person's page is kept, so Back shows nothing after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"
        return response


class SignInWholePages:
    """A fragment asked for without a session reloads its page, which then asks to sign in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        to_sign_in = response.get("Location", "").startswith(resolve_url(settings.LOGIN_URL))
        if request.headers.get("HX-Request") == "true" and to_sign_in:
            return HttpResponseClientRefresh()
        return response
