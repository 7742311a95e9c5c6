"""What can be ordered of a photo now, at which price, or why it can't. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from jobs import catalog, notices
from jobs.catalog import Quote, RestorationModel
from jobs.models import Consent, Photo, PhotoState, Price, RestorationJob
from jobs.models.consent import UNDECIDED

NOT_READY = {
    PhotoState.ARRIVING: lazy("This photo is still being uploaded."),
    PhotoState.BROKEN_OFF: lazy("This photo was not uploaded."),
    PhotoState.UPLOADED: lazy("This photo is still being prepared."),
    PhotoState.UNREADABLE: lazy("This photo could not be prepared for restoration."),
    PhotoState.ERASING: lazy("This photo has been erased."),
    PhotoState.ERASED: lazy("This photo has been erased."),
}
NO_CONSENT = lazy("Please say first who is in the photo and that it may be restored.")
IN_TRASH = lazy("This photo is in the trash.")
CONSENT_OVER = lazy("The consent for this photo does not allow this. Please give it again.")
NOTICE_CHANGED = lazy(
    "Our notice has changed since you agreed. What you ordered goes on; for something new, please "
    "read it and say again who is in the photo."
)
ASKS = (NO_CONSENT, CONSENT_OVER, NOTICE_CHANGED)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One photo as it can be ordered now: for its quote, or not, because of an `obstacle`."""

    photo: Photo
    consent: Consent | None
    quote: Quote | None
    obstacle: str = ""

    @property
    def needs_consent(self) -> bool:
        return self.obstacle in map(str, ASKS)

    @property
    def obstacle_is_notice(self) -> bool:
        return self.obstacle == str(NOTICE_CHANGED)

    @property
    def is_gone(self) -> bool:
        """Erased, or in the trash: it has no page."""
        return self.photo.is_erased or self.photo.is_in_trash

    @property
    def waits_for_review(self) -> bool:
        return self.consent is not None and self.consent.status in UNDECIDED


def quote(
    *, photo: Photo, model: RestorationModel, parameters: Mapping[str, Any], price: Price
) -> Quote:
    """The exact price of this restoration, in micro-dollars."""
    return model.quote(
        width_px=photo.width_px,
        height_px=photo.height_px,
        parameters=parameters,
        price_micros=price.price_micros,
        cost_micros=price.cost_micros,
    )


def too_large(pixels: int) -> str:
    """Why a result of so many pixels can't be ordered; nothing if it can."""
    if pixels <= settings.RESULT_MAX_PIXELS:
        return ""
    return _(
        "The result would have %(megapixels)s; the most we can keep is "
        "%(most)s MP. Please enlarge less."
    ) % {
        "megapixels": catalog.megapixels(pixels),
        "most": settings.RESULT_MAX_PIXELS // 1_000_000,
    }


def lines(
    *,
    photos: Sequence[Photo],
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
) -> list[Line]:
    """What each photo would cost, or why it can't be ordered; four queries, however many."""
    newest = Consent.objects.filter(photo__in=photos).select_related("notice").newest_by_photo()
    version = notices.newest_version()
    live = set(
        Consent.objects.filter(pk__in=[consent.pk for consent in newest.values()])
        .live(vendor=model.vendor, now=timezone.now())
        .values_list("pk", flat=True)
    )
    restoring = under_way(photos=photos, model=model, parameters=parameters)

    def line(photo: Photo) -> Line:
        consent = newest.get(photo.pk)
        offer = quote(photo=photo, model=model, parameters=parameters, price=price)
        obstacle = (
            str(NOT_READY.get(PhotoState(photo.state), ""))
            or (str(IN_TRASH) if photo.is_in_trash else "")
            or consent_obstacle(consent, live=live, version=version)
            or (ordered_already(model) if photo.pk in restoring else "")
            or too_large(offer.output_width_px * offer.output_height_px)
        )
        return Line(
            photo=photo, consent=consent, quote=None if obstacle else offer, obstacle=obstacle
        )

    return [line(photo) for photo in photos]


def under_way(
    *, photos: Sequence[Photo], model: RestorationModel, parameters: Mapping[str, Any]
) -> set[uuid.UUID]:
    """The photos of which this very restoration has not ended yet; ended, it can be ordered again.

    A page that is loaded anew, as Back does, has another click key: only the jobs tell.
    """
    jobs = RestorationJob.objects.filter(photo__in=photos, model_key=model.key).unfinished()
    return {
        photo_id
        for photo_id, ordered in jobs.values_list("photo_id", "parameters")
        if ordered == dict(parameters)
    }


def ordered_already(model: RestorationModel) -> str:
    return _(
        "%(model)s with these settings is being restored already. It is not ordered twice."
    ) % {"model": model.name}


def consent_obstacle(consent: Consent | None, *, live: Container[uuid.UUID], version: int) -> str:
    """Why this consent allows no new order; nothing when it does, or when a reviewer has it.

    `live` are the consents that allow sending now, `version` is the newest notice's. What was
    ordered before that version came out goes on.
    """
    if consent is None:
        return str(NO_CONSENT)
    if consent.status not in UNDECIDED and consent.pk not in live:
        return str(CONSENT_OVER)
    return str(NOTICE_CHANGED) if consent.notice.version < version else ""
