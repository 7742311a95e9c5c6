"""The stored pictures as they are, to look at or to keep.

A link on a page that has lain open for a day has to lead somewhere, and an address in the store
ends within the hour: so each look is given one of its own.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import images, storage
from jobs.views.cards import view_url
from jobs.views.photo import or_elsewhere, own_photo
from jobs.views.take_home import result_of


@require_safe
@login_required
@never_cache
@or_elsewhere
def original(request: HttpRequest, photo_id: uuid.UUID) -> HttpResponse:
    """The file, byte for byte as it was uploaded, under the photo's name."""
    photo = own_photo(request, photo_id)
    return redirect(
        storage.address(
            photo.original_key,
            seconds=settings.VIEW_URL_SECONDS,
            download_name=f"{photo.title}.{images.extension_of(photo.format)}",
        )
    )


@require_safe
@login_required
@never_cache
def result(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """A result, or a further version of it, in full size."""
    job, version = result_of(request, job_id)
    key = version.key if version else job.result_key
    return redirect(view_url(key))
