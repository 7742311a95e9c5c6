"""The first page of the desk: what waits, and where to go from here."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.members import member_of
from accounts.models import BooksCheck, CardEvent, Correction
from desk.doors import staff_only
from desk.gateway import any_stopped
from jobs.catalog import VENDORS
from jobs.models import Consent, Finding, OrphanCheck

MISFITS_SHOWN_FOR = timedelta(days=30)
MISFITS_MOST = 10


@require_safe
@staff_only("accounts.view_wallet")
def front(request: HttpRequest) -> HttpResponse:
    misfits = CardEvent.objects.misfits().filter(received_at__gt=timezone.now() - MISFITS_SHOWN_FOR)
    context = {
        "waiting": Correction.objects.waiting().count(),
        "stopped": [VENDORS.get(row.vendor, row.vendor) for row in any_stopped()],
        "findings": Finding.objects.unexplained().count(),
        "misfits": misfits.select_related("top_up__member")[:MISFITS_MOST],
        "orphans": OrphanCheck.objects.first(),
        "checked": BooksCheck.objects.first(),
        "reviews": Consent.objects.waiting().count() if _may_review(request) else 0,
    }
    return render(request, "desk/front.html", context)


def _may_review(request: HttpRequest) -> bool:
    return member_of(request).has_perm("jobs.review_consent")
