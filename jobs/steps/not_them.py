"""A result that is not the person: one more try for that photo, at the house's cost.

With another model or settings that change the picture, in no larger a size than was paid for, once
for each photo; a try that brings no picture does not count. The job is priced and sent like any
other, but nothing is set aside: the house pays (`waiver`, decision 25). Lock order: photo, consent.
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
THE_SAME = lazy(
    "Please choose another model, or a setting that changes the picture: "
    "this would be what you have already."
)


class CannotRerun(order.CannotOrder):
    """Not free, or not now. The message is for the member; nothing was ordered."""


class TheSame(CannotRerun):
    """No other way: it would waste the only free one."""

    def __init__(self) -> None:
        super().__init__(str(THE_SAME))


def obstacle(job: RestorationJob) -> str:
    """Why its member can't have another try in its stead; nothing when they can."""
    if not RestorationJob.objects.with_pictures().filter(pk=job.pk).exists():
        return str(NO_PICTURE)
    return str(USED) if is_used(job.photo_id) else ""


def is_used(photo_id: uuid.UUID) -> bool:
    """Whether the photo's one free restoration is under way, or done."""
    return RestorationJob.objects.free().filter(photo=photo_id).exists()


def is_another_way(
    job: RestorationJob, model: RestorationModel, parameters: Mapping[str, Any]
) -> bool:
    """Whether another picture can come of it: the same one in another file format is none."""
    return model.key != job.model_key or not model.paints_the_same(parameters, job.parameters)


def has_another_way(job: RestorationJob, model: RestorationModel) -> bool:
    """Whether a member finds a setting of the model with which it is another way.

    What lies under "More settings" is not asked there, and a result may not become larger.
    """
    return model.key != job.model_key or any(
        job.parameters[parameter.key] > 1 if parameter.key == model.scale_parameter else True
        for parameter in model.parameters
        if parameter.changes_picture and not parameter.settled and not parameter.advanced
    )


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

    `price` is what it would have cost. Raises CannotRerun, of which TheSame is one;
    order.CannotOrder for what stands in the way of any order.
    """
    try:
        with transaction.atomic():
            photo = Photo.objects.select_for_update().get(pk=job.photo_id)
            ordered_before = RestorationJob.objects.filter(owner=by, click_key=click_key).exists()
            if not ordered_before and (words_of_it := obstacle(job)):
                raise CannotRerun(words_of_it)
            if not is_another_way(job, model, parameters):
                raise TheSame
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
