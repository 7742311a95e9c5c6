"""A member's photos: all of them, or an album's, in pages; and what is ticked as one ZIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from accounts.members import member_of
from jobs.forms.gallery import GalleryForm
from jobs.forms.uploads import UPLOAD_WORDS, UploadForm
from jobs.models import Album, Photo
from jobs.models.photo import PhotoQuerySet
from jobs.steps import bundle
from jobs.views.cards import photo_cards
from jobs.views.downloads import NotNow, zip_response
from jobs.views.live import live_address
from jobs.views.pages import page_of
from jobs.views.selection import back, selected

if TYPE_CHECKING:
    from jobs.views.uploads import Outcome

PHOTOS_ON_A_PAGE = 48
HERE = ("album", "stage", "model", "before", "after")  # what an address of the gallery may say


@require_safe
@login_required
def gallery(request: HttpRequest) -> HttpResponse:
    return gallery_page(request, UploadForm())


@require_GET
@login_required
def download(request: HttpRequest) -> HttpResponseBase:
    """What was ticked, as one ZIP."""
    photos = selected(request)
    if not photos:
        messages.info(request, _("Please tick the photos that you want to download."))
        return back(request)
    try:
        made = bundle.bundle(photos=photos, with_originals="with_originals" in request.GET)
        return zip_response(
            member=member_of(request),
            name=f"heirloom-photos-{timezone.now():%Y-%m-%d}.zip",
            stream=made.stream,
        )
    except (bundle.NothingToTake, NotNow) as problem:
        messages.info(request, str(problem))
        return back(request)


def gallery_page(
    request: HttpRequest,
    form: UploadForm,
    *,
    outcome: Outcome | None = None,
    into: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page that the address asks for, after an upload with its outcome (`into` an album).

    The number of queries is fixed, and none of them reads more than a page; how many photos there
    are is counted only where all of them are shown.
    """
    member = member_of(request)
    albums = list(Album.objects.for_member(member).in_order())
    sent: Mapping[str, Any] = request.GET if not into else {"album": into}
    shown = GalleryForm(sent, albums=albums)
    album = next((one for one in albums if str(one.pk) == shown.wishes.get("album")), None)
    if album is None and sent.get("album"):
        raise Http404(_("There is no such album."))
    mine = Photo.objects.for_member(member).visible()
    page = page_of(_wanted(mine, album, shown.wishes), request.GET, size=PHOTOS_ON_A_PAGE)
    cards = photo_cards(page.photos)
    query = urlencode(shown.wishes)
    here = urlencode({key: request.GET[key] for key in request.GET if key in HERE})
    context = {
        "upload_form": form,
        "upload_limits": {
            "max_bytes": settings.UPLOAD_MAX_BYTES,
            "max_files": settings.UPLOAD_MAX_FILES,
            "max_total_megabytes": settings.REQUEST_MAX_BYTES // 1_048_576,
        },
        "upload_words": {name: str(said) for name, said in UPLOAD_WORDS.items()},
        "outcome": outcome,
        "album": album,
        "albums": albums,
        "show": shown,
        "is_narrowed": bool(shown.wishes.keys() - {"album"}),
        "page": page,
        "query": query,
        "here": here,
        "count": mine.count() if not shown.wishes else None,
        "photos": cards,
        "live_address": live_address(
            member.pk, photos=cards, jobs=[card.latest_job for card in cards if card.latest_job]
        ),
        "is_moving": any(card.is_moving for card in cards),
    }
    return render(request, "jobs/gallery.html", context, status=status)


def _wanted(photos: PhotoQuerySet, album: Album | None, wishes: Mapping[str, str]) -> PhotoQuerySet:
    photos = photos.with_jobs()
    if album is not None:
        photos = photos.in_album(album)
    if stage := wishes.get("stage"):
        photos = photos.at_stage(stage)
    if model := wishes.get("model"):
        photos = photos.restored_with(model)
    return photos
