"""What a member holds against us: all their data to download, and the end of the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts import leaving
from accounts.members import member_of
from accounts.models import Transfer, User
from jobs import doorbell, places
from jobs.forms.leaving import CloseAccountForm
from jobs.models import Consent, Photo, RestorationJob
from jobs.steps import erase, export, leave
from jobs.turns import Turn

TURN_SECONDS = 900  # renewed with every picture
COPIES_AT_ONCE = 20  # vendor's copies deleted while the page is awaited; the step does the rest


class Download:
    """A ZIP on its way; whoever waited for the turn gets it when this ends, however it ends."""

    def __init__(self, member: User, turns: list[Turn], place: places.Place) -> None:
        self._turns, self._place = turns, place
        self._bytes = export.stream(member, go_on=self._renew)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._bytes)

    def close(self) -> None:
        self._bytes.close()
        self._place.leave()
        for turn in self._turns:
            turn.end()

    def _renew(self) -> None:
        for turn in self._turns:
            turn.renew()


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
    mine = Turn(f"export:{member.pk}", seconds=TURN_SECONDS)
    if not mine.begin():
        messages.info(request, "A download of your data is under way. Please let it end first.")
        return redirect("data")
    try:
        with ExitStack() as held:
            place = held.enter_context(places.Place())
            slot = _slot()
            held.pop_all()  # the download lets go of them
    except places.AllTaken:
        mine.end()
        messages.info(
            request, "Others are downloading just now. Please try again in a few minutes."
        )
        return redirect("data")
    name = f"heirloom-data-{timezone.now():%Y-%m-%d}.zip"
    return StreamingHttpResponse(
        Download(member, [mine, slot], place),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _slot() -> Turn:
    """One of the house's. Raises AllTaken."""
    for number in range(settings.EXPORTS_AT_ONCE):
        slot = Turn(f"export-slot:{number}", seconds=TURN_SECONDS)
        if slot.begin():
            return slot
    raise places.AllTaken


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
            messages.error(request, "Your wallet has changed. Please look at the amount again.")
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
