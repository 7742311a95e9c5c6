"""How far the things on a page are: one small question for all that moves there.

The address says whose and which they are, signed and for a while, so it needs neither a session nor
the member's row; an answer costs one indexed query, and 304 while nothing has moved. What it gives
away is a state and a place in the queue. `static/js/live.js` asks, ever more rarely.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jobs.models import Photo, PhotoState, RestorationJob
from jobs.views.cards import PhotoCard

SALT = "jobs.views.live"
MOST = 60  # rows that one address names: it has to stay an address


def live_address(
    member_id: int, *, photos: Iterable[PhotoCard], jobs: Iterable[RestorationJob]
) -> str:
    """Where to ask about those of them that still move; empty when none does."""
    being_prepared = [p.photo.pk.hex for p in photos if p.photo.state == PhotoState.UPLOADED]
    unfinished = [job.pk.hex for job in jobs if job.is_moving]
    if not being_prepared and not unfinished:
        return ""
    named = [member_id, unfinished[:MOST], being_prepared[: max(0, MOST - len(unfinished))]]
    return reverse("live_rows", args=[signing.dumps(named, salt=SALT, compress=True)])


@require_safe
def live(request: HttpRequest, token: str) -> HttpResponseBase:
    """Each row's state, and how many are handed over before it. 410 when the address is too old."""
    try:
        named = signing.loads(token, salt=SALT, max_age=settings.LIVE_SECONDS)
    except signing.SignatureExpired:
        return HttpResponse(status=410)
    except signing.BadSignature:
        raise Http404(_("Not an address that we gave.")) from None
    rows = {str(key): [state, before] for key, state, before in _rows(*named)}
    body = json.dumps({"rows": rows}, sort_keys=True).encode()
    etag = quote_etag(hashlib.sha256(body).hexdigest()[:32])
    response = HttpResponse(body, content_type="application/json")
    response["ETag"], response["Cache-Control"] = etag, "private, no-store"
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None
    return answer


def _rows(member_id: int, jobs: list[str], photos: list[str]) -> Iterable[tuple[Any, ...]]:
    """All of them in one query."""
    mine: Any = RestorationJob.objects.filter(owner_id=member_id, pk__in=jobs)
    moving: QuerySet[Any, tuple[Any, ...]] = mine.with_place().values_list("pk", "state", "before")
    arriving = Photo.objects.filter(owner_id=member_id, pk__in=photos).values_list(
        "pk", "state", Value(None, output_field=models.IntegerField())
    )
    if not photos:
        return moving
    return moving.union(arriving, all=True) if jobs else arriving
