"""What members do in a chaos run: order, stop waiting, withdraw; and the wait for all to end."""

from __future__ import annotations

import io
import random
import time
import uuid
from contextlib import suppress

from django.db import OperationalError
from django.db.models import Q
from PIL import Image

from accounts.models import User
from jobs import catalog, prices, storage, vendors
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.models.job import JobQuerySet
from jobs.states import TERMINAL, WAITING_FOR_VENDOR
from jobs.steps import consent, order, orderable, stop
from tests.builders import make_consent, make_member, make_photo

WIDTH_PX, HEIGHT_PX = 64, 48


def order_one(owner: User, picture: bytes, dice: random.Random) -> RestorationJob:
    """A prepared photo with live consent, and a restoration of it."""
    photo = make_photo(owner=owner, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    storage.put(photo.prepared_key, io.BytesIO(picture), content_type="image/png")
    model = dice.choice(list(catalog.MODELS.values()))
    named = ["pixazo", *(route.vendor for route in vendors.routes(model)[1:])]
    make_consent(photo, vendors=tuple(named) if dice.random() < 0.5 else ("pixazo",))
    # In these settings every vendor serves it.
    unsaid = [route.unsaid for route in model.routes]
    parameters = {**model.defaults(), **{k: v for each in unsaid for k, v in each.items()}}
    price = prices.price_list()[model.key]
    offer = orderable.quote(photo=photo, model=model, parameters=parameters, price=price)
    return order.place(
        photo=photo,
        by=photo.owner,
        model=model,
        parameters=parameters,
        price=price,
        agreed_micros=offer.total_micros,
        click_key=uuid.uuid4(),
    )


class Crowd:
    """Members who order little by little, also while things break."""

    def __init__(self, *, members: int, dice: random.Random) -> None:
        file = io.BytesIO()
        Image.effect_noise((WIDTH_PX, HEIGHT_PX), 60).convert("RGB").save(file, "PNG")
        self._picture, self._dice = file.getvalue(), dice
        self._owners = [make_member(micros=50_000_000) for _ in range(members)]
        self.ordered: list[uuid.UUID] = []

    def order(self, jobs: int) -> None:
        for _ in range(jobs):
            job = order_one(self._dice.choice(self._owners), self._picture, self._dice)
            self.ordered.append(job.pk)


def unfinished() -> JobQuerySet:
    """Not ended, or not told."""
    return RestorationJob.objects.filter(~Q(state__in=TERMINAL) | Q(told_at__isnull=True))


def stop_one(dice: random.Random) -> None:
    waiting = list(RestorationJob.objects.filter(state__in=WAITING_FOR_VENDOR)[:50])
    if waiting:
        job = dice.choice(waiting)
        with suppress(stop.CannotStop, OperationalError):
            stop.stop(job=job, by=job.owner)


def withdraw_one(dice: random.Random) -> None:
    photos = list(Photo.objects.filter(state=PhotoState.PREPARED)[:200])
    if photos:
        photo = dice.choice(photos)
        with suppress(OperationalError):
            consent.withdraw(photo=photo, by=photo.owner)


def catch_up(*, until: float, look_every: float) -> None:
    """Until everything has ended and is told, and every photo that had to go is gone."""
    while time.monotonic() < until:
        erasing = Photo.objects.filter(state=PhotoState.ERASING).exists()
        if not erasing and not unfinished().exists():
            return
        time.sleep(look_every)
