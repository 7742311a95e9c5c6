"""Results that were not the person: which models, which reasons, and what it cost the house."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from desk import not_them
from desk.doors import staff_only

PERIODS_DAYS = (7, 30, 90, 365)


@require_safe
@staff_only("jobs.view_notthem")
def page(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, PERIODS_DAYS) else PERIODS_DAYS[1]
    context = {
        "figures": not_them.figures(timezone.now() - timedelta(days=days)),
        "days": days,
        "periods": PERIODS_DAYS,
    }
    return render(request, "desk/not_them.html", context)
