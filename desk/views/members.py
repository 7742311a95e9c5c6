"""Look a member up: by whatever they wrote, to one page that explains their money."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import TransferKind, User
from desk import lookup
from desk.converters import row_number
from desk.doors import staff_only
from desk.forms.members import SearchForm

PERMISSION = "accounts.view_wallet"
TRANSFERS_ON_A_PAGE = 200


@require_safe
@staff_only(PERMISSION)
def members(request: HttpRequest) -> HttpResponse:
    """A term that names one row leads straight to its member."""
    form = SearchForm(request.GET or None)
    term = form.cleaned_data["q"] if form.is_valid() else ""
    found = lookup.find(term)
    if isinstance(found, lookup.Hit):
        audit.about(request, member=found.member, subject=found.subject, hide_query=found.is_secret)
        return redirect(found.address)
    context = {"form": form, "term": term, "found": found, "most": lookup.MEMBERS_MOST}
    return render(request, "desk/members.html", context)


@require_safe
@staff_only(PERMISSION)
def member(request: HttpRequest, member_id: int) -> HttpResponse:
    person = get_object_or_404(User, pk=member_id)
    audit.about(request, member=person, subject=f"user {person.pk}")
    file = lookup.file_of(
        person,
        transfer=row_number(request.GET.get("transfer", "")),
        job=_uuid(request.GET.get("job", "")),
    )
    return render(request, "desk/member.html", {"file": file, "person": person})


@require_safe
@staff_only(PERMISSION)
def transfers(request: HttpRequest, member_id: int) -> HttpResponse:
    """All movements, a page at a time; "older" goes on below the last one shown."""
    person = get_object_or_404(User, pk=member_id)
    audit.about(request, member=person, subject=f"user {person.pk}")
    kind = request.GET.get("kind", "")
    kind = kind if kind in TransferKind.values else ""
    shown, has_older = lookup.statement(
        person, TRANSFERS_ON_A_PAGE, upto=row_number(request.GET.get("upto", "")), kind=kind
    )
    context = {
        "person": person,
        "transfers": shown,
        "older": shown[-1].pk - 1 if has_older else None,
        "kind": kind,
        "kinds": TransferKind.choices,
    }
    return render(request, "desk/transfers.html", context)


def _uuid(words: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(words)
    except ValueError:
        return None
