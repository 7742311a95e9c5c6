"""The door through which new photos come in."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.members import member_of
from accounts.models import User
from accounts.views.pressed import pressed
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


@dataclass
class Outcome:
    """What became of the files that came together; `here` are the photos that were, already."""

    taken: list[Photo] = field(default_factory=list)
    here: list[Photo] = field(default_factory=list)
    refusals: list[dict[str, str]] = field(default_factory=list)


@login_required
@pressed("gallery")
def upload(request: HttpRequest) -> HttpResponse:
    """What can be taken is, what can't is named with the reason."""
    form = UploadForm(request.POST, request.FILES)
    album = named_album(request, "album")
    into = str(album.pk) if album else ""
    if not form.is_valid():
        return gallery_page(request, form, into=into, status=422)
    files = form.cleaned_data["files"]
    try:
        with places.Place():
            outcome = _take(member_of(request), files)
    except places.AllTaken:
        outcome = Outcome(refusals=[_refusal(file, str(BUSY)) for file in files])
        response = gallery_page(request, UploadForm(), outcome=outcome, into=into, status=503)
        response["Retry-After"] = str(BUSY_SECONDS)
        return response
    taken, here = outcome.taken, outcome.here
    if taken:
        doorbell.ring_on_commit("prepare")
    _keep(album, [*taken, *here])
    if outcome.refusals or (here and len(files) > 1):
        status = 422 if outcome.refusals else 200
        return gallery_page(request, UploadForm(), outcome=outcome, into=into, status=status)
    if here:
        messages.info(request, str(intake.AlreadyHere(here[0])))
        return redirect(_address(here[0]))
    if len(taken) == 1 and not album:
        return redirect("photo", taken[0].pk)
    messages.success(
        request,
        ngettext("%(count)s photo is uploaded.", "%(count)s photos are uploaded.", len(taken))
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
    file, album = form.cleaned_data["files"][0], named_album(request, "album")
    try:
        with places.Place():
            photo = _receive(member_of(request), file)
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
    words = str(intake.AlreadyHere(photo))
    return {"state": "here", "title": photo.title, "address": _address(photo), "words": words}


def _later(words: str) -> JsonResponse:
    headers = {"Retry-After": str(BUSY_SECONDS)}
    return JsonResponse({"state": "later", "words": words}, status=503, headers=headers)


# --- Shared ---------------------------------------------------------------------------------------
def _keep(album: Album | None, photos: Collection[Photo]) -> None:
    if album is not None and photos:
        with suppress(albums.AlbumError):  # it has been deleted meanwhile; the photos are here
            albums.put(album=album, photos=photos)


def _take(owner: User, files: list[Any]) -> Outcome:
    """Each file by itself; once the store is down no other is sent to wait for it."""
    outcome = Outcome()
    for number, file in enumerate(files):
        try:
            outcome.taken.append(_receive(owner, file))
        except intake.AlreadyHere as problem:
            outcome.here.append(problem.photo)
        except intake.StoreDown as problem:
            outcome.refusals += [_refusal(left, str(problem)) for left in files[number:]]
            break
        except intake.Refused as problem:
            outcome.refusals.append(_refusal(file, str(problem)))
    return outcome


def _receive(owner: User, file: Any) -> Photo:
    return intake.receive(owner=owner, file=file, name=file.name, byte_size=file.size)


def _address(photo: Photo) -> str:
    return reverse("trash") if photo.is_in_trash else reverse("photo", args=[photo.pk])


def _refusal(file: Any, reason: str) -> dict[str, str]:
    return {"name": titles.file_name(file.name or ""), "reason": reason}
