"""What holds for every request: its size, who may keep a copy, what staff leave in the trail, and
fragments without a session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render, resolve_url
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

from accounts import audit
from accounts.models import Correction, Transfer, User
from accounts.reading import on_record

CALLBACKS = ("/webhooks/pixazo/", "/webhooks/fal/")
STAFF_PAGES = ("/admin/", "/desk/")
WORDLESS = ("/live/", "/webhooks/", "/health/", "/static/")


class RequestSizeLimit:
    """413 for a declared body over REQUEST_MAX_BYTES; the form's own limits speak below that.

    Vendors' callbacks are let through: their views read no more than a callback has, and keep a
    note of each.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

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


class MembersTime:
    """Times are in the zone of whoever is signed in; in UTC for strangers, and on staff's pages.

    What shows no times asks nobody who it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith((*STAFF_PAGES, *WORDLESS)):
            return self.get_response(request)
        with timezone.override(request.user.zone if isinstance(request.user, User) else UTC):
            return self.get_response(request)


class MembersLanguage:
    """Words are in the language that a member has chosen, whatever their browser asks for.

    Of strangers, and until a member has chosen, Django's own middleware knows it: by the cookie of
    the switch at every page's foot, else by what the browser asks for. What holds no words asks
    nobody who it is. It is not put back: what is streamed is made after we have returned, and each
    request begins anew.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(WORDLESS):
            return self.get_response(request)
        if isinstance(request.user, User) and request.user.language:
            request.LANGUAGE_CODE = request.user.reads_in
            translation.activate(request.LANGUAGE_CODE)
        return self.get_response(request)


class PrivatePages:
    """No copy of a signed-in person's page is kept, so Back shows nothing after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response and request.user.is_authenticated:
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


class RefusedMethods:
    """Whoever looks where there is only something to send, or the reverse, is answered in words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        if not is_bare or request.path_info.startswith(WORDLESS):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


class StaffTrail:
    """Every page under /admin/ and /desk/ that a member of staff asks for is in the audit trail.

    A look is written down before it is shown, a deed before it is done; a page that was refused
    says so. When the entry can't be written the request fails. No POST's fields are kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not _leaves_a_trail(request):
            return response
        if response.status_code == 403:
            _record_page(request, "refused")
        elif request.method == "GET" and response.status_code < 400:
            _record_page(request, "page")
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        if request.method != "GET" and _leaves_a_trail(request):
            _record_page(request, "page")


# They show no row: scripts' words, the queues' own figures, the frame on a letter's page.
NOISE = ("/admin/jsi18n/", "/admin/queues/stats.json", "/desk/review/keep/", "/desk/letters/html/")
# One looks there by the vendor's own number of a request, which is a secret.
SECRET_SEARCHES = ("/admin/jobs/restorationjob/", "/admin/jobs/delivery/")
MAIL, MAIL_WORDS = re.compile(r"[^\s@]*@[^\s@]*"), "(an address)"
VERBS = {"add": "a new one", "change": "one", "changelist": "the list", "delete": "deleting one"}
# Whom a row is about, by the first of these that it has.
MEMBER_OF_A_ROW = (
    "member", "owner", "given_by", "to", "user", "wallet.user", "job.owner", "attempt.job.owner",
)  # fmt: skip

# The rows that the desk's addresses name.
ROWS_OF_THE_DESK: dict[str, type[Model]] = {
    "member_id": User,
    "hold_id": Transfer,
    "correction_id": Correction,
}


def _leaves_a_trail(request: HttpRequest) -> bool:
    """HEAD shows nothing; the admin answers OPTIONS, and any other word, like GET."""
    return (
        request.path_info.startswith(STAFF_PAGES)
        and not request.path_info.startswith(NOISE)
        and request.method != "HEAD"
        and request.user.is_authenticated
        and request.user.is_staff
    )


@on_record()
def _record_page(request: HttpRequest, action: str) -> None:
    assert isinstance(request.user, User)
    said: dict[str, Any] = getattr(request, "audit_about", {})
    title, row = _title_and_row(request)
    hides = said.get("hide_query") or request.path_info.startswith(SECRET_SEARCHES)
    address = request.path if hides else _address(request)
    audit.record(
        actor=request.user,
        action=action,
        what=f"{request.method} {title}: {address}",
        subject=said.get("subject") or (f"{row._meta.verbose_name} {row.pk}" if row else ""),
        member=said.get("member") or _member_of(row),
    )


def _address(request: HttpRequest) -> str:
    """With the terms that were searched for, as a person reads them.

    Without e-mail addresses: the trail outlives the accounts they belong to.
    """
    terms = " ".join(f"{name}={MAIL.sub(MAIL_WORDS, value)}" for name, value in _terms(request))
    return f"{request.path}?{terms}" if terms else request.path


def _terms(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.GET.lists():
        if name != "csrfmiddlewaretoken":
            yield from ((name, value) for value in values if value)


def _title_and_row(request: HttpRequest) -> tuple[str, Model | None]:
    """The page's name, and the one row it is about, if it is about one."""
    match = request.resolver_match
    name = (match.url_name if match else None) or "page"
    kwargs = match.kwargs if match else {}
    for model in admin.site._registry if match and match.app_name == "admin" else ():
        verb = name.removeprefix(f"{model._meta.app_label}_{model._meta.model_name}_")
        if verb != name:
            title = f"{model._meta.verbose_name_plural}, {VERBS.get(verb, verb)}"
            return title, _row(model, kwargs.get("object_id"))
    rows = (_row(model, kwargs.get(key)) for key, model in ROWS_OF_THE_DESK.items())
    return name.replace("_", " "), next((row for row in rows if row), None)


def _row(model: type[Model], key: Any) -> Model | None:
    try:
        return model._default_manager.get(pk=unquote(str(key))) if key is not None else None
    except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError):
        return None


def _member_of(row: Model | None) -> User | None:
    if row is None or isinstance(row, User):
        return row
    for path in MEMBER_OF_A_ROW:
        found: Any = row
        for step in path.split("."):
            found = getattr(found, step, None)
        if isinstance(found, User):
            return found
    return None
