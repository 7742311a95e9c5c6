"""The audit trail: who of the staff did or saw what, about whom, when and why."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import AuditEntry
from accounts.models.audit import AuditQuerySet
from accounts.spreadsheets import csv_download
from desk.converters import row_number
from desk.doors import staff_only
from desk.forms.audit import TrailFilter

ENTRIES_ON_A_PAGE = 100
PERMISSION = "accounts.view_auditentry"
CSV_HEADER = (
    "number", "time (UTC)", "who", "as superuser", "action", "what", "about whom", "row", "why",
)  # fmt: skip


@require_safe
@staff_only(PERMISSION)
def trail(request: HttpRequest) -> HttpResponse:
    """Newest first; "older" goes on below the last one shown, whatever was written meanwhile."""
    narrowed = TrailFilter(request.GET)
    found = narrowed.entries()
    before = row_number(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found[: ENTRIES_ON_A_PAGE + 1])
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "narrowed": narrowed,
        "entries": entries[:ENTRIES_ON_A_PAGE],
        "older": entries[ENTRIES_ON_A_PAGE - 1].pk if len(entries) > ENTRIES_ON_A_PAGE else None,
        "kept_query": kept.urlencode(),
        "is_first_page": before is None,
    }
    return render(request, "desk/audit.html", context)


@require_safe
@staff_only(PERMISSION)
def trail_csv(request: HttpRequest) -> HttpResponseBase:
    """What the same filter finds, all of it."""
    return csv_download("audit-trail.csv", CSV_HEADER, _rows(TrailFilter(request.GET).entries()))


def _rows(entries: AuditQuerySet) -> Iterator[tuple[object, ...]]:
    entry: AuditEntry
    for entry in entries.iterator(chunk_size=1000):
        yield (
            entry.pk,
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.actor.email if entry.actor else "",
            "yes" if entry.as_superuser else "",
            entry.action,
            entry.what,
            entry.member.email if entry.member else "",
            entry.subject,
            entry.why,
        )
