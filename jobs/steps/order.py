"""The click: a quote is frozen into a job and its money is set aside, in one transaction.

One photo or many: all are ordered or none. Lock order: photos by pk, their consents by pk, wallet.
"""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import ledger
from accounts.models import Transfer, User
from accounts.money import dollars
from jobs import catalog, notices
from jobs.catalog import Quote, RestorationModel
from jobs.models import (
    Consent,
    JobEvent,
    Photo,
    PhotoState,
    Price,
    RestorationJob,
)
from jobs.models.consent import UNDECIDED
from jobs.states import UNSENT, JobState
from jobs.steps import abandon

NOT_READY = {
    PhotoState.ARRIVING: "This photo is still being uploaded.",
    PhotoState.BROKEN_OFF: "This photo was not uploaded.",
    PhotoState.UPLOADED: "This photo is still being prepared.",
    PhotoState.UNREADABLE: "This photo could not be prepared for restoration.",
    PhotoState.ERASING: "This photo has been erased.",
    PhotoState.ERASED: "This photo has been erased.",
}
NO_CONSENT = "Please say first who is in the photo and that it may be restored."
IN_TRASH = "This photo is in the trash."
CONSENT_OVER = "The consent for this photo does not allow this. Please give it again."
NOTICE_CHANGED = (
    "Our notice has changed since you agreed. What you ordered goes on; for something new, please "
    "read it and say again who is in the photo."
)
ASKS = (NO_CONSENT, CONSENT_OVER, NOTICE_CHANGED)


class CannotOrder(Exception):
    """Not possible now. The message is for the member; no money moved."""


class AlreadySent(CannotOrder):
    """It can't be taken back any more; but one can stop waiting for it (`steps.stop`)."""


class OrderedBefore(CannotOrder):
    """This very click has ordered something else already."""


@dataclass(frozen=True, kw_only=True)
class Click:
    """What the button carried for one photo: its key, and the price that stood there.

    `agreed_micros` is None when what the page showed does not hold any more.
    """

    key: uuid.UUID
    agreed_micros: int | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One photo as it can be ordered now: for its quote, or not, because of an `obstacle`."""

    photo: Photo
    consent: Consent | None
    quote: Quote | None
    obstacle: str = ""

    @property
    def needs_consent(self) -> bool:
        return self.obstacle in ASKS

    @property
    def obstacle_is_notice(self) -> bool:
        return self.obstacle == NOTICE_CHANGED

    @property
    def is_gone(self) -> bool:
        """Erased, or in the trash: it has no page."""
        erased = self.photo.state in (PhotoState.ERASING, PhotoState.ERASED)
        return erased or self.photo.is_in_trash

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
    return (
        f"The result would have {catalog.megapixels(pixels)}; the most we can keep "
        f"is {settings.RESULT_MAX_PIXELS // 1_000_000} MP. Please enlarge less."
    )


def lines(
    *,
    photos: Sequence[Photo],
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
) -> list[Line]:
    """What each photo would cost, or why it can't be ordered; three queries, however many."""
    newest = Consent.objects.filter(photo__in=photos).select_related("notice").newest_by_photo()
    version = notices.newest_version()
    live = set(
        Consent.objects.filter(pk__in=[consent.pk for consent in newest.values()])
        .live(vendor=model.vendor, now=timezone.now())
        .values_list("pk", flat=True)
    )

    def line(photo: Photo) -> Line:
        consent = newest.get(photo.pk)
        offer = quote(photo=photo, model=model, parameters=parameters, price=price)
        obstacle = (
            NOT_READY.get(PhotoState(photo.state), "")
            or (IN_TRASH if photo.is_in_trash else "")
            or consent_obstacle(consent, live=live, version=version)
            or too_large(offer.output_width_px * offer.output_height_px)
        )
        return Line(
            photo=photo, consent=consent, quote=None if obstacle else offer, obstacle=obstacle
        )

    return [line(photo) for photo in photos]


def place(
    *,
    photo: Photo,
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
    agreed_micros: int | None,
    click_key: uuid.UUID,
) -> RestorationJob:
    """Order a restoration. The same click gives the same job, however often it comes.

    Raises CannotOrder, ledger.InsufficientFunds, ledger.OverMonthlyLimit.
    """
    (job,) = place_many(
        clicks={photo.pk: Click(key=click_key, agreed_micros=agreed_micros)},
        by=by,
        model=model,
        parameters=parameters,
        price=price,
    )
    return job


def place_many(
    *,
    clicks: Mapping[uuid.UUID, Click],
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
) -> list[RestorationJob]:
    """Order a restoration of each photo (`clicks` by the photo's id), all of them or none.

    The same clicks give the same jobs, however often they come. Raises CannotOrder;
    ledger.InsufficientFunds and ledger.OverMonthlyLimit, which speak of the whole.
    """
    try:
        with transaction.atomic():
            photos = list(
                Photo.objects.for_member(by)
                .filter(pk__in=list(clicks))
                .order_by("pk")
                .select_for_update()
            )
            earlier = _ordered_by(by, clicks, model, parameters)
            return earlier or _place(photos, clicks, by, model, parameters, price)
    except IntegrityError:
        # The same click, for another photo, committed first.
        earlier = _ordered_by(by, clicks, model, parameters)
        if not earlier:
            raise
        return earlier


def _place(
    photos: Sequence[Photo],
    clicks: Mapping[uuid.UUID, Click],
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
) -> list[RestorationJob]:
    """The photos are locked."""
    if len(photos) != len(clicks):
        raise CannotOrder("A photo has gone meanwhile.")
    list(Consent.objects.filter(photo__in=photos).order_by("pk").select_for_update())
    offers: list[tuple[Line, Quote]] = []
    for line in lines(photos=photos, model=model, parameters=parameters, price=price):
        if line.quote is None:
            of_many = f"“{line.photo.title}”: " if len(photos) > 1 else ""
            raise CannotOrder(of_many + line.obstacle)
        offers.append((line, line.quote))
    total_micros = sum(offer.total_micros for _, offer in offers)
    if any(offer.total_micros != clicks[line.photo.pk].agreed_micros for line, offer in offers):
        raise CannotOrder(
            f"The price for these settings is now {dollars(total_micros)}. Press again to order."
        )
    now = timezone.now()
    jobs = [
        RestorationJob(
            owner=by,
            photo=line.photo,
            consent=line.consent,
            click_key=clicks[line.photo.pk].key,
            model_key=model.key,
            parameters=dict(parameters),
            state=JobState.AWAITING_CONSENT if line.waits_for_review else JobState.READY,
            price=price,
            quoted_micros=offer.total_micros,
            vendor_cost_micros=offer.vendor_cost_micros,
            quote_explanation=offer.explanation,
            quoted_width_px=offer.output_width_px,
            quoted_height_px=offer.output_height_px,
            due_at=None if line.waits_for_review else now,
            ready_at=None if line.waits_for_review else now,
        )
        for line, offer in offers
    ]
    for job, hold in zip(jobs, _hold_all(jobs, by, total_micros), strict=True):
        job.hold = hold
    RestorationJob.objects.bulk_create(jobs)
    JobEvent.objects.bulk_create(
        JobEvent(job=job, to_state=job.state, by="member", why="ordered") for job in jobs
    )
    return jobs


def _hold_all(jobs: Iterable[RestorationJob], by: User, total_micros: int) -> list[Transfer]:
    """Set aside each job's money. The first hold locks the wallet, so what is missing is exact."""
    holds: list[Transfer] = []
    for job in jobs:
        try:
            hold = ledger.hold(
                user=by,
                amount_micros=job.quoted_micros,
                key=f"hold:{job.pk}",
                memo=job.model.name,  # no title: a transfer outlives the photo
                reference=str(job.pk),
            )
        except ledger.InsufficientFunds as problem:
            raise ledger.InsufficientFunds(
                needed_micros=total_micros,
                available_micros=problem.available_micros + _sum(holds),
            ) from None
        except ledger.OverMonthlyLimit as problem:
            raise ledger.OverMonthlyLimit(
                limit_micros=problem.limit_micros,
                spent_micros=problem.spent_micros - _sum(holds),
                needed_micros=total_micros,
            ) from None
        holds.append(hold)
    return holds


def _sum(holds: Iterable[Transfer]) -> int:
    return sum(hold.amount_micros for hold in holds)


def _ordered_by(
    by: User,
    clicks: Mapping[uuid.UUID, Click],
    model: RestorationModel,
    parameters: Mapping[str, Any],
) -> list[RestorationJob]:
    """The jobs that these clicks made. Raises OrderedBefore if they were for something else."""
    photo_of = {click.key: photo_id for photo_id, click in clicks.items()}
    earlier = list(RestorationJob.objects.filter(owner=by, click_key__in=list(photo_of)))
    same = all(
        (job.photo_id, job.model_key, job.parameters)
        == (photo_of[job.click_key], model.key, dict(parameters))
        for job in earlier
    )
    if earlier and not (same and len(earlier) == len(clicks)):
        raise OrderedBefore(
            "You ordered from this page before, with other settings. "
            "Here is the price for these: press again to order."
        )
    return earlier


def cancel(*, job: RestorationJob, by: User) -> None:
    """Take an order back before it is sent; the hold returns. Raises AlreadySent after that."""
    with transaction.atomic():
        job = RestorationJob.objects.select_for_update().get(pk=job.pk)
        if job.state == JobState.CANCELLED:
            return
        if job.state not in UNSENT:
            raise AlreadySent("This restoration has already been sent, so it can't be cancelled.")
        abandon.end(
            job, JobState.CANCELLED, by="member", code="cancelled", words="You cancelled this."
        )


def consent_obstacle(consent: Consent | None, *, live: Container[uuid.UUID], version: int) -> str:
    """Why this consent allows no new order; nothing when it does, or when a reviewer has it.

    `live` are the consents that allow sending now, `version` is the newest notice's. What was
    ordered before that version came out goes on.
    """
    if consent is None:
        return NO_CONSENT
    if consent.status not in UNDECIDED and consent.pk not in live:
        return CONSENT_OVER
    return NOTICE_CHANGED if consent.notice.version < version else ""
