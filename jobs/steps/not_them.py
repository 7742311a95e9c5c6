"""A result that is not the person: one more try for that photo, at the house's cost.

With another model or other settings, in no larger a size than was paid for, once for each photo;
a try that brings no picture does not count. The job is priced and sent like any other, but nothing
is set aside: the house pays (`waiver`, decision 25). Lock order: photo, consent.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import User
from jobs.catalog import RestorationModel
from jobs.models import NotThem, Photo, Price, RestorationJob
from jobs.steps import order, orderable

NO_PICTURE = lazy("There is no picture of this restoration.")
USED = lazy("You have had the free restoration of this photo: there is one for each photo.")
THE_SAME = lazy("Please choose another model, or change a setting: this is what you have already.")


class CannotRerun(order.CannotOrder):
    """Not free, or not now. The message is for the member; nothing was ordered."""


def obstacle(job: RestorationJob) -> str:
    """Why its member can't have another try in its stead; nothing when they can."""
    if not RestorationJob.objects.with_pictures().filter(pk=job.pk).exists():
        return str(NO_PICTURE)
    return str(USED) if is_used(job.photo_id) else ""


def is_used(photo_id: uuid.UUID) -> bool:
    """Whether the photo's one free restoration is under way, or done."""
    return RestorationJob.objects.free().filter(photo=photo_id).exists()


def too_large(job: RestorationJob, width_px: int, height_px: int) -> str:
    """Why a free result of this size can't be had in the job's stead; nothing if it can."""
    if width_px * height_px <= job.quoted_width_px * job.quoted_height_px:
        return ""
    return _(
        "The free restoration is as large as the one before it at most: "
        "%(width)s × %(height)s px. Please enlarge less."
    ) % {"width": job.quoted_width_px, "height": job.quoted_height_px}


def order_again(
    *,
    job: RestorationJob,
    by: User,
    model: RestorationModel,
    parameters: Mapping[str, Any],
    price: Price,
    click_key: uuid.UUID,
    reason: str,
    words: str,
    now: datetime,
) -> RestorationJob:
    """Order the photo's free restoration in this one's stead. The same click gives the same job.

    `price` is what it would have cost. Raises CannotRerun; order.CannotOrder for what stands in
    the way of any order.
    """
    try:
        with transaction.atomic():
            photo = Photo.objects.select_for_update().get(pk=job.photo_id)
            ordered_before = RestorationJob.objects.filter(owner=by, click_key=click_key).exists()
            if not ordered_before and (words_of_it := obstacle(job)):
                raise CannotRerun(words_of_it)
            if (model.key, dict(parameters)) == (job.model_key, job.parameters):
                raise CannotRerun(THE_SAME)
            quote = orderable.quote(photo=photo, model=model, parameters=parameters, price=price)
            if larger := too_large(job, quote.output_width_px, quote.output_height_px):
                raise CannotRerun(larger)
            rerun = order.place(
                photo=photo,
                by=by,
                model=model,
                parameters=parameters,
                price=price,
                agreed_micros=quote.total_micros,
                click_key=click_key,
                instead_of=job,
            )
            if not ordered_before:
                NotThem.objects.create(rerun=rerun, reason=reason, words=words, said_at=now)
            return rerun
    except IntegrityError:
        raise CannotRerun(USED) from None


def forget(photo: Photo) -> None:
    """The photo is gone: what its member wrote of a face goes too; the reason is a figure."""
    NotThem.objects.filter(rerun__photo=photo).update(words="")
