"""The trash: what lies in it and until when, and the ways in and out."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from accounts.views.pressed import pressed
from jobs.models import Photo
from jobs.steps import trash as trash_step
from jobs.views.cards import PhotoCard
from jobs.views.photo import or_elsewhere, own_photo, press_again, say_erased
from jobs.views.selection import back, selected

PHOTOS_ON_A_PAGE = 24


@require_safe
@login_required
def trash(request: HttpRequest) -> HttpResponse:
    """First what is erased first."""
    photos = Photo.objects.for_member(member_of(request)).in_trash().order_by("trashed_at", "pk")
    page = Paginator(photos, PHOTOS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "photos": [PhotoCard(photo, shows_trash=True) for photo in page],
        "page_obj": page,
        "trash_days": settings.TRASH_DAYS,
        "today": timezone.now().date(),
    }
    return render(request, "jobs/trash.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@or_elsewhere
def put(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    photo = own_photo(request, photo_id)
    if request.method != "POST":
        return press_again(request, photo.pk)
    try:
        cancelled = trash_step.put(photo=photo, by=member_of(request))
    except trash_step.TrashError as problem:
        messages.error(request, str(problem))
        return redirect("photo", photo.pk)
    words = _("“%(photo)s” is in the trash.") % {"photo": photo.title}
    messages.success(request, _with_cancelled(words, cancelled))
    return redirect("gallery")


@login_required
@pressed("gallery")
def put_many(request: HttpRequest) -> HttpResponse:
    """What was ticked in the gallery: each photo that can goes, each that can't is named."""
    photos = selected(request)
    if not photos:
        messages.info(request, _("Please tick the photos that you want to put into the trash."))
    moved = cancelled = 0
    for photo in photos:
        try:
            cancelled += trash_step.put(photo=photo, by=member_of(request))
            moved += 1
        except trash_step.TrashError as problem:
            messages.error(request, f"“{photo.title}”: {problem}")
    if moved:
        words = ngettext(
            "%(count)s photo is in the trash.", "%(count)s photos are in the trash.", moved
        )
        messages.success(request, _with_cancelled(words % {"count": moved}, cancelled))
    return back(request)


@login_required
@pressed("trash")
def put_back(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    if photo := _done(request, photo_id, trash_step.put_back):
        messages.success(
            request, _("“%(photo)s” is among your photos again.") % {"photo": photo.title}
        )
    return redirect("trash")


@login_required
@pressed("trash")
def erase_now(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    if photo := _done(request, photo_id, trash_step.erase_now):
        words = _("“%(photo)s” has left the trash. It and its pictures are being erased.")
        say_erased(request, photo, words % {"photo": photo.title})
    return redirect("trash")


def _done(request: HttpRequest, photo_id: uuid.UUID, verb: Callable[..., None]) -> Photo | None:
    """The photo in the trash to which it was done; None, and the reason said, when it can't be."""
    member = member_of(request)
    photo = get_object_or_404(Photo.objects.for_member(member).in_trash(), pk=photo_id)
    try:
        verb(photo=photo, by=member)
    except trash_step.TrashError as problem:
        messages.error(request, str(problem))
        return None
    return photo


def _with_cancelled(words: str, cancelled: int) -> str:
    if not cancelled:
        return words
    more = ngettext(
        "The restoration that waited was cancelled and not charged.",
        "The %(count)s restorations that waited were cancelled and not charged.",
        cancelled,
    )
    return f"{words} {more % {'count': cancelled}}"
