"""What holds for every request: its size, its reader's words and times, who may keep a copy, and
fragments without a session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render, resolve_url
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import User

CALLBACKS = ("/webhooks/pixazo/", "/webhooks/fal/")
STAFF_PAGES = ("/admin/", "/desk/")
WORDLESS = ("/live/", "/webhooks/", "/health/", "/static/")


class Middleware:
    """What stands around every view (Django, "Writing your own middleware")."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response


class RequestSizeLimit(Middleware):
    """413 for a declared body over REQUEST_MAX_BYTES; the form's own limits speak below that.

    Vendors' callbacks are let through: their views read no more than a callback has, and keep a
    note of each.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_callback = request.path_info.startswith(CALLBACKS)
        if length.isdecimal() and int(length) > settings.REQUEST_MAX_BYTES and not is_callback:
            return render(
                request, "413.html", {"limit_bytes": settings.REQUEST_MAX_BYTES}, status=413
            )
        return self.get_response(request)


class CompressedPages(GZipMiddleware):
    """Pages alone: pictures and ZIPs are packed already, and a stream is sent as it is made.

    Django pads each by a random length, so that its size tells nothing of what is secret in it
    (BREACH).
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_page = response.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_page:
            return response
        return super().process_response(request, response)


class MembersTime(Middleware):
    """Times are in the zone of whoever is signed in; in UTC for strangers, and on staff's pages.

    What shows no times asks nobody who it is.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith((*STAFF_PAGES, *WORDLESS)):
            return self.get_response(request)
        with timezone.override(request.user.zone if isinstance(request.user, User) else UTC):
            return self.get_response(request)


class MembersLanguage(Middleware):
    """Words are in the language that a member has chosen, whatever their browser asks for.

    Of strangers, and until a member has chosen, Django's own middleware knows it: by the cookie of
    the switch at every page's foot, else by what the browser asks for. What holds no words asks
    nobody who it is. It is not put back: what is streamed is made after we have returned, and each
    request begins anew.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(WORDLESS):
            return self.get_response(request)
        if isinstance(request.user, User) and request.user.language:
            request.LANGUAGE_CODE = request.user.reads_in
            translation.activate(request.LANGUAGE_CODE)
        return self.get_response(request)


class PrivatePages(Middleware):
    """No copy of a signed-in person's page is kept, so Back shows nothing after signing out."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response and request.user.is_authenticated:
            response["Cache-Control"] = "private, no-store"
        return response


class SignInWholePages(Middleware):
    """A fragment asked for without a session reloads its page, which then asks to sign in."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        to_sign_in = response.get("Location", "").startswith(resolve_url(settings.LOGIN_URL))
        if request.headers.get("HX-Request") == "true" and to_sign_in:
            return HttpResponseClientRefresh()
        return response


class RefusedMethods(Middleware):
    """Whoever looks where there is only something to send, or the reverse, is answered in words."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        if not is_bare or request.path_info.startswith(WORDLESS):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page
