"""The gateway's page: may we send, how do the vendors answer, what waits; and two buttons."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.members import member_of
from desk import gateway as figures
from desk.doors import staff_only
from jobs import breaker, doorbell
from jobs.catalog import VENDORS

SENDING_ALREADY = lazy("%(vendor)s is being sent to already.")


@require_safe
@staff_only("jobs.view_breaker")
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/gateway.html", {"figures": figures.of_gateway(timezone.now())})


@require_POST
@staff_only(breaker.PERMISSION)
def try_now(request: HttpRequest, vendor: str) -> HttpResponse:
    words = {"vendor": _name(vendor)}
    try:
        breaker.try_now(vendor=vendor, by=member_of(request), now=timezone.now())
    except breaker.NotStopped:
        messages.info(request, str(SENDING_ALREADY) % words)
        return redirect("desk_gateway")
    doorbell.ring_on_commit("submit")
    messages.success(
        request,
        _("The next restoration that waits for %(vendor)s tries now. Look again in a minute.")
        % words,
    )
    return redirect("desk_gateway")


@require_POST
@staff_only(breaker.PERMISSION)
def close(request: HttpRequest, vendor: str) -> HttpResponse:
    words = {"vendor": _name(vendor)}
    try:
        breaker.close(vendor=vendor, by=member_of(request))
    except breaker.NotStopped:
        messages.info(request, str(SENDING_ALREADY) % words)
        return redirect("desk_gateway")
    doorbell.ring_on_commit("submit")
    messages.success(request, _("What waits for %(vendor)s is being sent.") % words)
    return redirect("desk_gateway")


def _name(vendor: str) -> str:
    try:
        return VENDORS[vendor]
    except KeyError:
        raise Http404(_("There is no such vendor.")) from None
