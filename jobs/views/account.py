"""What a member holds against us: all their data to download, and the end of the account."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts import leaving
from accounts.members import member_of
from accounts.models import Transfer
from jobs import doorbell
from jobs.forms.leaving import CloseAccountForm
from jobs.models import Consent, Photo, RestorationJob
from jobs.steps import erase, export, leave
from jobs.views.downloads import NotNow, zip_response

COPIES_AT_ONCE = 20  # vendor's copies deleted while the page is awaited; the step does the rest


@require_safe
@login_required
def data(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    context = {
        "photos": Photo.objects.for_member(member).with_pictures().count(),
        "restorations": RestorationJob.objects.for_member(member).count(),
        "consents": Consent.objects.filter(given_by=member).count(),
        "transfers": Transfer.objects.for_member(member).count(),
    }
    return render(request, "account/data.html", context)


@require_GET
@login_required
def data_download(request: HttpRequest) -> HttpResponseBase:
    """The ZIP, one at a time for each member, and a few at a time for the house."""
    member = member_of(request)
    try:
        return zip_response(
            member=member,
            name=f"heirloom-data-{timezone.now():%Y-%m-%d}.zip",
            stream=lambda go_on: export.stream(member, go_on=go_on),
        )
    except NotNow as problem:
        messages.info(request, str(problem))
        return redirect("data")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def delete(request: HttpRequest) -> HttpResponse:
    """What goes and what stays; then, with a fresh sign-in, the end."""
    member = member_of(request)
    form = CloseAccountForm(request.POST or None, left_micros=leave.would_be_left(member))
    obstacles = leaving.obstacles(member)
    if request.method == "POST" and not obstacles and form.is_valid():
        try:
            photos = leave.leave(member=member, gives_up_micros=form.gives_up_micros)
        except leave.MoneyLeft as problem:
            form = CloseAccountForm(left_micros=problem.available_micros)
            messages.error(request, _("Your wallet has changed. Please look at the amount again."))
        except leave.CannotLeave as problem:
            messages.error(request, str(problem))
        else:
            doorbell.ring_on_commit("erase")
            for photo in photos[:COPIES_AT_ONCE]:
                if not erase.at_once(photo):
                    break
            logout(request)
            leaving.end_sessions(member)
            return redirect("account_left")
    context = {
        "form": form,
        "obstacles": obstacles,
        "left_micros": form.left_micros,
        "support_email": settings.CONTROLLER_EMAIL,
    }
    return render(request, "account/delete.html", context, status=422 if form.errors else 200)


@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """Goodbye. There is no address any more to which a letter could go."""
    return render(request, "account/left.html")
