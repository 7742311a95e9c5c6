"""The first page of the desk: where to go from here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import BooksCheck, Correction
from desk.doors import staff_only


@require_safe
@staff_only("accounts.view_wallet")
def front(request: HttpRequest) -> HttpResponse:
    context = {
        "waiting": Correction.objects.waiting().count(),
        "checked": BooksCheck.objects.first(),
    }
    return render(request, "desk/front.html", context)
