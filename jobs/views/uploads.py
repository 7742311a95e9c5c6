"""The door through which new photos come in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.members import member_of
from accounts.models import User
from jobs import doorbell, places, titles
from jobs.forms.uploads import UploadForm
from jobs.models import Photo
from jobs.steps import albums, intake
from jobs.views.albums import address, named_album
from jobs.views.gallery import gallery_page

BUSY = "Many photos are being stored just now. Please choose this one again in a moment."
BUSY_SECONDS = 10


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def upload(request: HttpRequest) -> HttpResponse:
    """What can be taken is, what can't is named with the reason."""
    if request.method != "POST":
        return redirect("gallery")
    form = UploadForm(request.POST, request.FILES)
    album = named_album(request, "album")
    into = str(album.pk) if album else ""
    if not form.is_valid():
        return gallery_page(request, form, into=into, status=422)
    files = form.cleaned_data["files"]
    try:
        with places.Place():
            taken, refusals = _take(member_of(request), files)
    except places.AllTaken:
        refusals = [_refusal(file, BUSY) for file in files]
        response = gallery_page(request, UploadForm(), refusals=refusals, into=into, status=503)
        response["Retry-After"] = str(BUSY_SECONDS)
        return response
    if taken:
        doorbell.ring_on_commit("prepare")
    if album and taken:
        with suppress(albums.AlbumError):  # it has been deleted meanwhile; the photos are here
            albums.put(album=album, photos=taken)
    if refusals:
        return gallery_page(
            request, UploadForm(), refusals=refusals, taken=taken, into=into, status=422
        )
    if len(taken) == 1 and not album:
        return redirect("photo", taken[0].pk)
    messages.success(
        request, "1 photo is here." if len(taken) == 1 else f"{len(taken)} photos are here."
    )
    return redirect(address(album) if album else "gallery")


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
