"""The door through which new photos come in."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.members import member_of
from accounts.models import User
from jobs import doorbell, places, titles
from jobs.forms.uploads import UploadForm
from jobs.models import Album, Photo
from jobs.steps import albums, intake
from jobs.views.albums import address, named_album
from jobs.views.gallery import gallery_page

BUSY = _("Many photos are being stored just now. Please choose this one again in a moment.")
BUSY_SECONDS = 10
SIGNED_OUT = _("You are signed out. Sign in again in another window, then go on here.")
NO_FILE = _("There was no file.")
MOST_CHECKSUMS = 100


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
        refusals = [_refusal(file, str(BUSY)) for file in files]
        response = gallery_page(request, UploadForm(), refusals=refusals, into=into, status=503)
        response["Retry-After"] = str(BUSY_SECONDS)
        return response
    if taken:
        doorbell.ring_on_commit("prepare")
    _keep(album, taken)
    if refusals:
        return gallery_page(
            request, UploadForm(), refusals=refusals, taken=taken, into=into, status=422
        )
    if len(taken) == 1 and not album:
        return redirect("photo", taken[0].pk)
    messages.success(
        request,
        ngettext("%(count)s photo is here.", "%(count)s photos are here.", len(taken))
        % {"count": len(taken)},
    )
    return redirect(address(album) if album else "gallery")


# --- One file a request, for the script -----------------------------------------------------------
# Each answer says in `state` what became of the file: "taken", "here" (the member has it already),
# "refused" for good, or "later": then trying again can help, after Retry-After seconds.


@require_POST
def upload_one(request: HttpRequest) -> JsonResponse:
    """201, 200 for what is here already, 422, or 503. The words are for the member."""
    if not request.user.is_authenticated:
        return JsonResponse({"state": "refused", "words": str(SIGNED_OUT)}, status=401)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"state": "refused", "words": str(NO_FILE)}, status=422)
    (file, *_), album = form.cleaned_data["files"], named_album(request, "album")
    try:
        with places.Place():
            photo = intake.receive(
                owner=member_of(request), file=file, name=file.name, byte_size=file.size, once=True
            )
    except intake.AlreadyHere as problem:
        _keep(album, [problem.photo])
        return JsonResponse(_here(problem.photo), status=200)
    except (intake.StoreDown, intake.OnItsWay) as problem:
        return _later(str(problem))
    except places.AllTaken:
        return _later(str(BUSY))
    except intake.Refused as problem:
        return JsonResponse({"state": "refused", "words": str(problem)}, status=422)
    doorbell.ring_on_commit("prepare")
    _keep(album, [photo])
    said = {"state": "taken", "title": photo.title, "address": reverse("photo", args=[photo.pk])}
    return JsonResponse(said, status=201)


@require_POST
def known(request: HttpRequest) -> JsonResponse:
    """Which of these files (`sha256`, at most MOST_CHECKSUMS) the member has already.

    They need not be sent; into the album they come all the same.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"state": "refused", "words": str(SIGNED_OUT)}, status=401)
    checksums = request.POST.getlist("sha256")[:MOST_CHECKSUMS]
    found = intake.already_here(owner=member_of(request), checksums=checksums)
    _keep(named_album(request, "album"), found.values())
    return JsonResponse({"known": {sha256: _here(photo) for sha256, photo in found.items()}})


def _here(photo: Photo) -> dict[str, str]:
    address = reverse("trash") if photo.is_in_trash else reverse("photo", args=[photo.pk])
    words = str(intake.AlreadyHere(photo))
    return {"state": "here", "title": photo.title, "address": address, "words": words}


def _later(words: str) -> JsonResponse:
    headers = {"Retry-After": str(BUSY_SECONDS)}
    return JsonResponse({"state": "later", "words": words}, status=503, headers=headers)


# --- Shared ---------------------------------------------------------------------------------------
def _keep(album: Album | None, photos: Collection[Photo]) -> None:
    if album is not None and photos:
        with suppress(albums.AlbumError):  # it has been deleted meanwhile; the photos are here
            albums.put(album=album, photos=photos)


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
