"""Make the one thing that a test is about; the rest has defaults. Money in micro-dollars."""

from __future__ import annotations

import itertools
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts import ledger
from accounts.models import User
from jobs import catalog, notices, pipeline, prices
from jobs.models import (
    Consent,
    ConsentNotice,
    ConsentStatus,
    Photo,
    PhotoState,
    Price,
    RestorationJob,
)
from jobs.steps import consent as consent_step
from jobs.steps import order, orderable, review
from jobs.wording import Words

NAMES_PIXAZO = "A copy is sent to Pixazo."  # a notice that doesn't can't be published

_numbers = itertools.count(1)


def make_member(*, micros: int = 1_000_000, email: str = "", **extra: Any) -> User:
    """A verified member with money."""
    email = email or f"member{next(_numbers)}@heirloom.example"
    user = User.objects.create_user(email, "a-good-password", **extra)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if micros:
        ledger.top_up(user=user, amount_micros=micros, key=f"start:{uuid.uuid4()}")
    return user


def make_photo(*, owner: User | None = None, **fields: Any) -> Photo:
    """A prepared photo; nothing of it lies in S3."""
    defaults: dict[str, Any] = {
        "title": "Grandmother",
        "state": PhotoState.PREPARED,
        "sha256": uuid.uuid4().hex * 2,
        "byte_size": 12345,
        "format": "PNG",
        "width_px": 64,
        "height_px": 48,
        "prepared_extension": "png",
        "is_veiled": True,
    }
    return Photo.objects.create(owner=owner or make_member(), **{**defaults, **fields})


def make_consent(
    photo: Photo,
    *,
    depicted: tuple[str, ...] = ("MYSELF",),
    keep_until: date | None = None,
    vendors: tuple[str, ...] = ("pixazo",),
) -> Consent:
    (given,) = consent_step.give_many(
        photos=[photo],
        by=photo.owner,
        session_key="session",
        notice=the_notice(),
        notice_language="en",
        words=Words(vendors),
        depicted=depicted,
        basis="I say so.",
        vendors=vendors,
        keep_until=keep_until,
    )
    return given


def pending(who: str = "OTHER", **photo: Any) -> Consent:
    """A statement that waits for a reviewer, about a photo of its own."""
    return make_consent(make_photo(**photo), depicted=(who,))


def decide(
    consent: Consent, *, by: User | None = None, approve: bool = True, words: str = ""
) -> Consent:
    """As a reviewer does who has just looked at it; a child is approved by as many as it takes.

    One that is not approved was not asked about; `words` are what the reviewer adds.
    """
    shown = review.seen(consent)
    if not approve:
        return review.reject(
            consent=consent,
            by=by or make_member(),
            seen=shown,
            reason_code="NOT_ASKED",
            words=words,
        )
    done = review.approve(consent=consent, by=by or make_member(), seen=shown)
    if by is None and done.status == ConsentStatus.PENDING_REVIEW:
        done = review.approve(consent=consent, by=make_member(), seen=shown)
    return done


def the_notice() -> ConsentNotice:
    """The newest; a transactional test before this one may have emptied its table."""
    return notices.newest() or notices.add(
        version=1, title="Notice", text=f"{NAMES_PIXAZO}\n", by=None
    )


def publish_notice(text: str = "Something new.", *, by: User | None = None) -> ConsentNotice:
    """A next version: whoever read an earlier one is asked again."""
    by = by or make_member(micros=0, is_staff=True)
    draft = notices.start(by=by)
    draft = notices.edit(
        draft=draft,
        by=by,
        title="Before we restore it",
        text=f"{text}\n\n{NAMES_PIXAZO}",
        seen=draft.edited_at,
    )
    return notices.publish(
        draft=draft,
        by=by,
        seen_sha256=notices.draft_sha256(draft),
        seen_version=notices.newest_version(),
    )


def make_job(
    *,
    photo: Photo | None = None,
    model: catalog.RestorationModel = catalog.GFPGAN,
    **parameters: Any,
) -> RestorationJob:
    """An ordered job, READY unless its consent waits for review.

    While the photo's last one is under way, the next has other settings: the same is not ordered
    twice.
    """
    photo = photo or make_photo()
    if photo.current_consent is None:
        make_consent(photo)
    # Scale 1, so that the fake vendor's picture has the quoted size.
    settings = {**model.defaults(), **({"scale": 1} if model is catalog.GFPGAN else {})}
    settings |= parameters
    varied = model.scale_parameter or "seed"
    while varied not in parameters and orderable.under_way(
        photos=[photo], model=model, parameters=settings
    ):
        settings[varied] = (settings[varied] or 0) + 1
    price = prices.price_list()[model.key]
    offer = orderable.quote(photo=photo, model=model, parameters=settings, price=price)
    return order.place(
        photo=photo,
        by=photo.owner,
        model=model,
        parameters=settings,
        price=price,
        agreed_micros=offer.total_micros,
        click_key=uuid.uuid4(),
    )


def publish_price(
    model_key: str,
    price_micros: int,
    *,
    cost_micros: int = 1_000,
    effective_from: datetime | None = None,
) -> Price:
    return prices.publish(
        model_key=model_key,
        price_micros=price_micros,
        cost_micros=cost_micros,
        effective_from=effective_from,
        by=make_member(micros=0, is_staff=True),
        reason="The vendor says so.",
    )


def run(step: str) -> int:
    """Work off what is due for a step, as a doorbell does."""
    return pipeline.run_due(pipeline.STEPS[step], budget_seconds=120)


def make_due(job: RestorationJob) -> None:
    """Let the job's next look be now."""
    RestorationJob.objects.filter(pk=job.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def seen(job: RestorationJob) -> RestorationJob:
    """The job as it stands in the database now."""
    return RestorationJob.objects.get(pk=job.pk)
