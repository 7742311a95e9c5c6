"""The click: a quote is frozen into a job and its money is set aside, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import ledger
from accounts.models import User
from accounts.money import dollars
from jobs.catalog import Quote, RestorationModel
from jobs.models import Consent, ConsentStatus, JobEvent, Photo, PhotoState, RestorationJob
from jobs.states import UNSENT, JobState
from jobs.steps import abandon


class CannotOrder(Exception):
    """Not possible now. The message is for the member; no money moved."""


class OrderedBefore(CannotOrder):
    """This very click has ordered something else already."""


def quote(*, photo: Photo, model: RestorationModel, parameters: Mapping[str, Any]) -> Quote:
    """The exact price of this restoration, in micro-dollars."""
    return model.quote(width_px=photo.width_px, height_px=photo.height_px, parameters=parameters)


def place(
    *,
    photo: Photo,
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    agreed_micros: int,
    click_key: uuid.UUID,
) -> RestorationJob:
    """Order a restoration. The same click gives the same job, however often it comes.

    Raises CannotOrder, ledger.InsufficientFunds.
    """
    same = {"photo": photo, "model_key": model.key, "parameters": dict(parameters)}
    try:
        with transaction.atomic():
            earlier = _ordered_by(by, click_key, same)
            return earlier or _place(
                photo=photo,
                by=by,
                model=model,
                parameters=parameters,
                agreed_micros=agreed_micros,
                click_key=click_key,
            )
    except IntegrityError:
        # The other click of a double click committed first.
        earlier = _ordered_by(by, click_key, same)
        if earlier is None:
            raise
        return earlier


def _place(
    *,
    photo: Photo,
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    agreed_micros: int,
    click_key: uuid.UUID,
) -> RestorationJob:
    photo = Photo.objects.select_for_update().get(pk=photo.pk)
    if photo.state != PhotoState.PREPARED:
        raise CannotOrder("This photo is not ready to be restored.")
    consent = _consent_for(photo, model)
    price = quote(photo=photo, model=model, parameters=parameters)
    if price.total_micros != agreed_micros:
        raise CannotOrder(
            f"The price for these settings is {dollars(price.total_micros)}. Press again to order."
        )
    waits = consent.status == ConsentStatus.PENDING_REVIEW
    state = JobState.AWAITING_CONSENT if waits else JobState.READY
    job_id = uuid.uuid4()
    hold = ledger.hold(
        user=by,
        amount_micros=price.total_micros,
        key=f"hold:{job_id}",
        memo=f"{model.name}: {photo.title}"[:200],
        reference=str(job_id),
    )
    job = RestorationJob.objects.create(
        id=job_id,
        owner=by,
        photo=photo,
        consent=consent,
        click_key=click_key,
        model_key=model.key,
        parameters=dict(parameters),
        state=state,
        quoted_micros=price.total_micros,
        quote_explanation=price.explanation,
        quoted_width_px=price.output_width_px,
        quoted_height_px=price.output_height_px,
        hold=hold,
        due_at=None if waits else timezone.now(),
    )
    JobEvent.objects.create(job=job, to_state=state, by=by.email, why="ordered")
    return job


def _ordered_by(by: User, click_key: uuid.UUID, same: Mapping[str, Any]) -> RestorationJob | None:
    """The job that this click made. Raises OrderedBefore if it was for something else."""
    earlier = RestorationJob.objects.filter(owner=by, click_key=click_key).first()
    if earlier is not None and any(getattr(earlier, k) != v for k, v in same.items()):
        raise OrderedBefore(
            "You ordered from this page before, with other settings. "
            "Here is the price for these: press again to order."
        )
    return earlier


def cancel(*, job: RestorationJob, by: User) -> None:
    """Take an order back before it is sent; the hold returns. Raises CannotOrder after that."""
    with transaction.atomic():
        job = RestorationJob.objects.select_for_update().get(pk=job.pk)
        if job.state == JobState.CANCELLED:
            return
        if job.state not in UNSENT:
            raise CannotOrder("This restoration has already been sent, so it can't be cancelled.")
        abandon.end(
            job, JobState.CANCELLED, by=by.email, code="cancelled", words="You cancelled this."
        )


def _consent_for(photo: Photo, model: RestorationModel) -> Consent:
    consent = Consent.objects.filter(photo=photo).select_for_update().newest()
    if consent is None:
        raise CannotOrder("Please say first who is in the photo and that it may be restored.")
    if consent.status == ConsentStatus.PENDING_REVIEW or consent.is_live_for(model.vendor):
        return consent
    raise CannotOrder("The consent for this photo does not allow this. Please give it again.")
