"""A member's albums: the list, one album's name, and what is put in or taken out.

An album's photos are seen in the gallery, which shows that album alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.members import member_of
from accounts.views.pressed import pressed
from jobs.forms.albums import AlbumForm
from jobs.models import Album, Photo
from jobs.steps import albums as step
from jobs.views.cards import PhotoCard
from jobs.views.selection import back, selected


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def albums(request: HttpRequest) -> HttpResponse:
    """All of them with their covers, and the form for one more."""
    member = member_of(request)
    form = AlbumForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            album = step.create(owner=member, **form.cleaned_data)
        except step.AlbumError as problem:
            form.add_error("name", str(problem))
        else:
            return redirect(address(album))
    mine: list[Any] = list(Album.objects.for_member(member).in_order().with_covers())
    covers = Photo.objects.in_bulk([album.cover_id for album in mine if album.cover_id])
    cards = [
        {
            "album": album,
            "address": address(album),
            "cover": PhotoCard(covers[album.cover_id]) if album.cover_id in covers else None,
        }
        for album in mine
    ]
    context = {"albums": cards, "form": form}
    return render(request, "jobs/albums.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def album(request: HttpRequest, album_id: uuid.UUID) -> HttpResponse:
    """Its name and description, to change, and the way to delete it."""
    album = own_album(request, album_id)
    said = {"name": album.name, "description": album.description}
    form = AlbumForm(request.POST or None, initial=said)
    if request.method == "POST" and form.is_valid():
        try:
            step.describe(album=album, **form.cleaned_data)
        except step.AlbumError as problem:
            form.add_error("name", str(problem))
        else:
            messages.success(request, _("Saved."))
            return redirect(address(album))
    context = {"album": album, "address": address(album), "form": form}
    return render(request, "jobs/album.html", context, status=422 if form.errors else 200)


@login_required
@pressed("albums")
def delete(request: HttpRequest, album_id: uuid.UUID) -> HttpResponse:
    album = own_album(request, album_id)
    step.delete(album=album)
    messages.success(
        request, _("The album “%(name)s” is gone; its photos are not.") % {"name": album.name}
    )
    return redirect("albums")


@login_required
@pressed("albums")
def move(request: HttpRequest, album_id: uuid.UUID) -> HttpResponse:
    try:
        step.move(album=own_album(request, album_id), by=1 if "down" in request.POST else -1)
    except step.AlbumError as problem:
        messages.error(request, str(problem))
    return redirect(f"{reverse('albums')}#album-{album_id}")


@login_required
@pressed("albums")
def put(request: HttpRequest) -> HttpResponse:
    """What was ticked goes into an album, and stays in others."""
    return _fill(request, lambda into, photos: step.put(album=into, photos=photos))


@login_required
@pressed("albums")
def move_photos(request: HttpRequest) -> HttpResponse:
    """What was ticked goes from the album that is shown into another."""
    out_of = named_album(request, "in_album")
    if out_of is None:
        return _tick_first(request)
    return _fill(
        request,
        lambda into, photos: step.move_photos(photos=photos, out_of=out_of, into=into),
    )


@login_required
@pressed("albums")
def take_out(request: HttpRequest) -> HttpResponse:
    photos, album = selected(request), named_album(request, "in_album")
    if not photos or album is None:
        messages.info(request, _("Please tick the photos that you want to take out."))
        return back(request)
    count = step.take_out(album=album, photos=photos)
    words = ngettext(
        "%(count)d photo is not in “%(name)s” any more.",
        "%(count)d photos are not in “%(name)s” any more.",
        count,
    )
    messages.success(request, words % {"count": count, "name": album.name})
    return back(request)


def _fill(request: HttpRequest, fill: Callable[[Album, list[Photo]], int]) -> HttpResponse:
    """Do it with the album that was chosen and what was ticked; say how many are new in it."""
    photos, into = selected(request), named_album(request, "to_album")
    if not photos or into is None:
        return _tick_first(request)
    try:
        count = fill(into, photos)
    except step.AlbumError as problem:
        messages.error(request, str(problem))
        return back(request)
    if count:
        words = ngettext(
            "%(count)d photo is in “%(name)s” now.",
            "%(count)d photos are in “%(name)s” now.",
            count,
        )
        messages.success(request, words % {"count": count, "name": into.name})
    else:
        words = ngettext(
            "It was in “%(name)s” already.", "They were in “%(name)s” already.", len(photos)
        )
        messages.info(request, words % {"name": into.name})
    return back(request)


def _tick_first(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Please tick photos and choose an album for them."))
    return back(request)


def address(album: Album) -> str:
    """Where its photos are seen."""
    return f"{reverse('gallery')}?album={album.pk}"


def own_album(request: HttpRequest, album_id: uuid.UUID) -> Album:
    """Raises Http404 for anybody else's."""
    return get_object_or_404(Album.objects.for_member(member_of(request)), pk=album_id)


def named_album(request: HttpRequest, field: str) -> Album | None:
    """The member's album that a field of the form names; None when it names none."""
    try:
        key = uuid.UUID(request.POST.get(field, ""))
    except ValueError:
        return None
    return own_album(request, key)
