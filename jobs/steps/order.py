"""The click: a quote is frozen into a job and its money is set aside, in one transaction.

One photo or many, with one model or several: all is ordered or nothing. What is free
(`steps.not_them`) sets nothing aside. Lock order: photos by pk, their consents by pk, wallet.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import ledger
from accounts.models import Transfer, User
from accounts.money import dollars
from accounts.reading import on_record
from jobs.catalog import Quote, RestorationModel
from jobs.models import Consent, JobEvent, Photo, Price, RestorationJob
from jobs.states import UNSENT, JobState
from jobs.steps import abandon
from jobs.steps.orderable import Line, lines


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
class Order:
    """A model with its settings, at the price that was shown, for these photos (`clicks` by id)."""

    model: RestorationModel
    parameters: Mapping[str, Any]
    price: Price
    clicks: Mapping[uuid.UUID, Click]


def place(
    *,
    photo: Photo,
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
    agreed_micros: int | None,
    click_key: uuid.UUID,
    instead_of: RestorationJob | None = None,
) -> RestorationJob:
    """Order a restoration. The same click gives the same job, however often it comes.

    `instead_of` the result of a job it is free; `steps.not_them` knows whether it may be. Raises
    CannotOrder, ledger.InsufficientFunds, ledger.OverMonthlyLimit.
    """
    click = Click(key=click_key, agreed_micros=agreed_micros)
    one = Order(model=model, parameters=parameters, price=price, clicks={photo.pk: click})
    (job,) = place_all([one], by=by, instead_of=instead_of)
    return job


def place_all(
    orders: Sequence[Order], *, by: User, instead_of: RestorationJob | None = None
) -> list[RestorationJob]:
    """Order a restoration for each click, all of them or none.

    The same clicks give the same jobs, however often they come. Raises CannotOrder;
    ledger.InsufficientFunds and ledger.OverMonthlyLimit, which speak of the whole.
    """
    wanted = {photo_id for order in orders for photo_id in order.clicks}
    try:
        with transaction.atomic():
            photos = list(
                Photo.objects.for_member(by)
                .filter(pk__in=wanted)
                .order_by("pk")
                .select_for_update()
            )
            earlier = _ordered_by(by, orders)
            if earlier:
                return earlier
            if len(photos) != len(wanted):
                raise CannotOrder(_("A photo has gone meanwhile."))
            return _place(photos, orders, by, instead_of)
    except IntegrityError:
        # The same click, for another photo, committed first.
        earlier = _ordered_by(by, orders)
        if not earlier:
            raise
        return earlier


def _place(
    photos: Sequence[Photo],
    orders: Sequence[Order],
    by: User,
    instead_of: RestorationJob | None,
) -> list[RestorationJob]:
    """The photos are locked."""
    list(Consent.objects.filter(photo__in=photos).order_by("pk").select_for_update())
    offers = [
        (order, line, quote)
        for order in orders
        for line, quote in _offers(order, photos, several=len(photos) > 1)
    ]
    total_micros = sum(quote.total_micros for _order, _line, quote in offers)
    if any(
        quote.total_micros != order.clicks[line.photo.pk].agreed_micros
        for order, line, quote in offers
    ):
        raise CannotOrder(
            _("The price for these settings is now %(total)s. Press again to order.")
            % {"total": dollars(total_micros)}
        )
    jobs = [_job(order, line, quote, by, instead_of) for order, line, quote in offers]
    if instead_of is None:
        for job, hold in zip(jobs, _hold_all(jobs, by, total_micros), strict=True):
            job.hold = hold
    RestorationJob.objects.bulk_create(jobs)
    JobEvent.objects.bulk_create(
        JobEvent(job=job, to_state=job.state, by="member", why=gettext_noop("ordered"))
        for job in jobs
    )
    return jobs


def _offers(
    order: Order, photos: Sequence[Photo], *, several: bool
) -> Iterable[tuple[Line, Quote]]:
    """Each photo of the order with its quote. Raises CannotOrder for one that has none."""
    found = lines(
        photos=[photo for photo in photos if photo.pk in order.clicks],
        model=order.model,
        parameters=order.parameters,
        price=order.price,
    )
    for line in found:
        if line.quote is None:
            of_many = f"“{line.photo.title}”: " if several else ""
            raise CannotOrder(of_many + line.obstacle)
        yield line, line.quote


def _job(
    order: Order, line: Line, quote: Quote, by: User, instead_of: RestorationJob | None
) -> RestorationJob:
    now = timezone.now()
    with on_record():
        explanation = order.model.basis.explain(
            quote.output_width_px * quote.output_height_px, order.price.price_micros
        )
    return RestorationJob(
        owner=by,
        photo=line.photo,
        consent=line.consent,
        click_key=order.clicks[line.photo.pk].key,
        model_key=order.model.key,
        parameters=dict(order.parameters),
        state=JobState.AWAITING_CONSENT if line.waits_for_review else JobState.READY,
        price=order.price,
        quoted_micros=quote.total_micros,
        vendor_cost_micros=quote.vendor_cost_micros,
        quote_explanation=explanation,
        quoted_width_px=quote.output_width_px,
        quoted_height_px=quote.output_height_px,
        instead_of=instead_of,
        due_at=None if line.waits_for_review else now,
        ready_at=None if line.waits_for_review else now,
    )


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


def _ordered_by(by: User, orders: Sequence[Order]) -> list[RestorationJob]:
    """The jobs that these clicks made. Raises OrderedBefore if they were for something else."""
    wanted = {
        click.key: (photo_id, order.model.key, dict(order.parameters))
        for order in orders
        for photo_id, click in order.clicks.items()
    }
    earlier = list(RestorationJob.objects.filter(owner=by, click_key__in=list(wanted)))
    same = all(
        (job.photo_id, job.model_key, job.parameters) == wanted[job.click_key] for job in earlier
    )
    if earlier and not (same and len(earlier) == len(wanted)):
        raise OrderedBefore(
            _(
                "You ordered from this page before, with other settings. "
                "Here is the price for these: press again to order."
            )
        )
    return earlier


def cancel(*, job: RestorationJob, by: User) -> None:
    """Take an order back before it is sent; the hold returns. Raises AlreadySent after that."""
    with transaction.atomic():
        job = RestorationJob.objects.select_for_update().get(pk=job.pk)
        if job.state == JobState.CANCELLED:
            return
        if job.state not in UNSENT:
            raise AlreadySent(
                _("This restoration has already been sent, so it can’t be cancelled.")
            )
        abandon.end(
            job,
            JobState.CANCELLED,
            by="member",
            code="cancelled",
            words=gettext_noop("You cancelled this."),
        )
