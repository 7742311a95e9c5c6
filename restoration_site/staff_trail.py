"""The pages that staff look at, in the audit trail: which of them, by what name, about whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from accounts import audit
from accounts.models import Correction, Transfer, User
from accounts.reading import on_record
from restoration_site.middleware import STAFF_PAGES, Middleware

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


class StaffTrail(Middleware):
    """Every page under /admin/ and /desk/ that a member of staff asks for is in the audit trail.

    A look is written down before it is shown, a deed before it is done; a page that was refused
    says so. When the entry can't be written the request fails. No POST's fields are kept.
    """

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
