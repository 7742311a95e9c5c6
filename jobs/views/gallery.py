"""A member's photos, and the door through which new ones come in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.members import member_of
from accounts.models import User
from jobs import doorbell, places, titles
from jobs.forms.uploads import UploadForm
from jobs.images import WELCOME
from jobs.models import Photo
from jobs.steps import intake
from jobs.views.cards import photo_cards

PHOTOS_ON_A_PAGE = 24
BUSY = "Many photos are being stored just now. Please choose this one again in a moment."
BUSY_SECONDS = 10


@require_safe
@login_required
def gallery(request: HttpRequest) -> HttpResponse:
    return _gallery(request, UploadForm())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def upload(request: HttpRequest) -> HttpResponse:
    """What can be taken is, what can't is named with the reason."""
    if request.method != "POST":
        return redirect("gallery")
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _gallery(request, form, status=422)
    files = form.cleaned_data["files"]
    try:
        with places.Place():
            taken, refusals = _take(member_of(request), files)
    except places.AllTaken:
        refusals = [_refusal(file, BUSY) for file in files]
        response = _gallery(request, UploadForm(), refusals=refusals, status=503)
        response["Retry-After"] = str(BUSY_SECONDS)
        return response
    if taken:
        doorbell.ring_on_commit("prepare")
    if refusals:
        return _gallery(request, UploadForm(), refusals=refusals, taken=taken, status=422)
    if len(taken) == 1:
        return redirect("photo", taken[0].pk)
    messages.success(request, f"{len(taken)} photos are here.")
    return redirect("gallery")


def _take(owner: User, files: list[Any]) -> tuple[list[Photo], list[dict[str, str]]]:
    """Each file by itself; once the store is down no other is sent to wait for it."""
    taken: list[Photo] = []
    refusals: list[dict[str, str]] = []
    for number, file in enumerate(files):
        try:
            taken.append(
                intake.receive(owner=owner, file=file, name=file.name, byte_size=file.size)
            )
        except intake.StoreDown as problem:
            refusals.extend(_refusal(left, str(problem)) for left in files[number:])
            break
        except intake.Refused as problem:
            refusals.append(_refusal(file, str(problem)))
    return taken, refusals


def _refusal(file: Any, reason: str) -> dict[str, str]:
    return {"name": titles.file_name(file.name or ""), "reason": reason}


def _gallery(
    request: HttpRequest,
    form: UploadForm,
    *,
    refusals: list[dict[str, str]] | None = None,
    taken: list[Photo] | None = None,
    status: int = 200,
) -> HttpResponse:
    photos = (
        Photo.objects.for_member(member_of(request)).visible().with_jobs().order_by("-created_at")
    )
    page = Paginator(photos, PHOTOS_ON_A_PAGE).get_page(request.GET.get("page"))
    cards = photo_cards(page)
    context = {
        "upload_form": form,
        "upload_limits": {
            "max_megabytes": settings.UPLOAD_MAX_BYTES // 1_048_576,
            "max_megapixels": settings.UPLOAD_MAX_PIXELS // 1_000_000,
            "max_files": settings.UPLOAD_MAX_FILES,
            "max_total_megabytes": settings.REQUEST_MAX_BYTES // 1_048_576,
            "formats": WELCOME,
        },
        "refusals": refusals or [],
        "taken": taken or [],
        "page_obj": page,
        "photos": cards,
        "is_moving": any(card.is_moving for card in cards),
    }
    return render(request, "jobs/gallery.html", context, status=status)
