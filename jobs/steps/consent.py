"""Give and withdraw consent; each change leaves a sealed event and acts at once.

Lock order: photo, consent, job, attempt, wallet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from jobs import consent_chain, risks
from jobs.models import (
    Consent,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    Depicted,
    Photo,
    PhotoState,
    RestorationJob,
)
from jobs.models.consent import NEEDS_REVIEW, REPLACED, parse_vendors
from jobs.states import JobState
from jobs.steps import abandon

OVER = (ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED, ConsentStatus.REJECTED)


class ConsentError(Exception):
    """Not allowed. The message is for the person who asked."""


def give(
    *,
    photo: Photo,
    by: User,
    session_key: str,
    notice: ConsentNotice,
    depicted: Sequence[str],
    basis: str,
    vendors: Sequence[str],
    keep_until: date | None,
) -> Consent:
    """Record a statement; it replaces those before it.

    Children and other people wait for a reviewer; the rest is live at once. Once a member's
    statement about a picture needed a reviewer, every later one about the same bytes does too.
    Raises ConsentError when the photo is being erased, or a reviewer has it.
    """
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=photo.pk)
        if photo.state in (PhotoState.ERASING, PhotoState.ERASED):
            raise ConsentError("This photo has been erased.")
        if photo.is_in_trash:
            raise ConsentError("This photo is in the trash. Put it back first.")
        if photo.consents.filter(status=ConsentStatus.PENDING_REVIEW).exists():
            raise ConsentError("A reviewer is looking at what you said about this photo.")
        said_before = Consent.objects.filter(given_by=by, photo_sha256=photo.sha256)
        codes = {*depicted, *(code for earlier in said_before for code in earlier.depicted)}
        needs_review = not NEEDS_REVIEW.isdisjoint(Depicted(code) for code in codes)
        status = ConsentStatus.PENDING_REVIEW if needs_review else ConsentStatus.GRANTED
        replaced = list(photo.consents.exclude(status__in=OVER).select_for_update())
        consent = Consent.objects.create(
            photo=photo,
            photo_sha256=photo.sha256,
            given_by=by,
            session_fingerprint=hashlib.sha256(session_key.encode()).hexdigest(),
            notice=notice,
            depicted=list(depicted),
            basis=basis,
            purpose_restore=True,
            vendors=parse_vendors(vendors),
            keep_until=keep_until,
            status=status,
            risks=risks.risks_of(photos=[photo], by=by, depicted=depicted)[photo.pk],
        )
        note(consent, "", by, f"read notice version {notice.version}")
        for earlier in replaced:
            _replace(earlier, consent, by)
    return consent


def withdraw(*, photo: Photo, by: User) -> None:
    """Stop everything for a photo: unfinished jobs end uncharged, its pictures are erased."""
    with transaction.atomic():
        forget(
            Photo.objects.select_for_update().get(pk=photo.pk),
            to=ConsentStatus.WITHDRAWN,
            by=by,
            why="withdrawn by the member",
            code="withdrawn",
            words="You withdrew consent for this photo.",
        )


def forget(
    photo: Photo, *, to: ConsentStatus, by: User | None, why: str, code: str, words: str
) -> None:
    """The one way in which a photo goes, whatever the reason; the caller holds its lock.

    Consents that stand become `to`, unfinished jobs end uncharged (`code`, and `words` for the
    member), and the pictures are erased. `by` is None when it was the clock.
    """
    given = list(photo.consents.standing().order_by("pk").select_for_update())
    for job in RestorationJob.objects.filter(photo=photo).unfinished().select_for_update():
        abandon.end(job, JobState.CANCELLED, by="member" if by else "clock", code=code, words=words)
    for consent in given:
        change(consent, to, by, why)
    if photo.state not in (PhotoState.ERASING, PhotoState.ERASED):
        photo.state = PhotoState.ERASING
        photo.due_at, photo.tries = timezone.now(), 0
        photo.lease_token = photo.lease_until = None
        photo.save()


def _replace(earlier: Consent, consent: Consent, by: User) -> None:
    """Unsent jobs go on under the newer statement if it is live; else they end uncharged."""
    change(earlier, ConsentStatus.WITHDRAWN, by, REPLACED)
    jobs = RestorationJob.objects.filter(consent=earlier).unsent().select_for_update()
    if consent.status == ConsentStatus.GRANTED:
        jobs.update(consent=consent)
        return
    for job in jobs:
        abandon.end(
            job,
            JobState.CANCELLED,
            by="member",
            code="consent_replaced",
            words="You said something new about this photo, which a reviewer looks at first.",
        )


def change(consent: Consent, to: ConsentStatus, by: User | None, why: str) -> None:
    """The one way to another status. The caller holds the consent's lock."""
    was, consent.status = consent.status, to
    consent.save(update_fields=["status"])
    note(consent, was, by, why)


def note(consent: Consent, was: str, by: User | None, why: str) -> None:
    """One event more, sealed. The caller holds the consent's lock, or has just made it."""
    last = consent.events.order_by("-number").first()
    event = ConsentEvent(
        consent=consent,
        number=last.number + 1 if last else 1,
        from_status=was,
        to_status=consent.status,
        by=by,
        why=why[:500],
        previous_sha256=last.sha256 if last else consent_chain.FIRST,
    )
    statement = consent_chain.statement_sha256(consent)
    event.sha256 = consent_chain.event_sha256(event, statement=statement)
    event.save()
