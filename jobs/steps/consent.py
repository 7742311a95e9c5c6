"""Give, withdraw and review consent; each change leaves an event and acts at once.

Lock order, here and everywhere: photo, consent, job, attempt, wallet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import User
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
from jobs.models.consent import NEEDS_REVIEW, parse_vendors
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import abandon


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
    """Record a statement. Children and other people wait for a reviewer; the rest is live at once.

    Raises ConsentError when the photo is being erased.
    """
    needs_review = not NEEDS_REVIEW.isdisjoint(Depicted(code) for code in depicted)
    status = ConsentStatus.PENDING_REVIEW if needs_review else ConsentStatus.GRANTED
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=photo.pk)
        if photo.state in (PhotoState.ERASING, PhotoState.ERASED):
            raise ConsentError("This photo has been erased.")
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
        )
        _note(consent, "", by, f"read notice version {notice.version}")
    return consent


def withdraw(*, photo: Photo, by: User) -> None:
    """Stop everything for a photo: jobs end, unspent holds go back, its pictures are erased.

    What was already charged stays charged; what was only held is returned.
    """
    with transaction.atomic():
        photo = Photo.objects.select_for_update().get(pk=photo.pk)
        for job in RestorationJob.objects.filter(photo=photo).unfinished().select_for_update():
            abandon.end(
                job,
                JobState.CANCELLED,
                by=by.email,
                code="withdrawn",
                words="You withdrew consent for this photo.",
                refund=False,
            )
        for consent in photo.consents.exclude(
            status__in=[ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED]
        ):
            _change(consent, ConsentStatus.WITHDRAWN, by, "withdrawn by the member")
        if photo.state not in (PhotoState.ERASING, PhotoState.ERASED):
            photo.state = PhotoState.ERASING
            photo.due_at, photo.tries = timezone.now(), 0
            photo.lease_token = photo.lease_until = None
            photo.save()


def review(*, consent: Consent, by: User, approve: bool, why: str = "") -> None:
    """A reviewer's decision; jobs that waited for it go on, or end uncharged.

    Raises ConsentError when it is no longer pending, or is the reviewer's own.
    """
    with transaction.atomic():
        consent = Consent.objects.select_for_update().get(pk=consent.pk)
        if consent.status != ConsentStatus.PENDING_REVIEW:
            raise ConsentError("This consent is not waiting for a decision any more.")
        if consent.given_by_id == by.pk:
            raise ConsentError("Nobody reviews their own consent.")
        decision = ConsentStatus.APPROVED if approve else ConsentStatus.REJECTED
        _change(consent, decision, by, why)
        jobs = list(
            RestorationJob.objects.filter(
                consent=consent, state=JobState.AWAITING_CONSENT
            ).select_for_update()
        )
        for job in jobs:
            if approve:
                move(
                    job, JobState.READY, by=by.email, why="consent approved", due_at=timezone.now()
                )
            else:
                abandon.end(
                    job,
                    JobState.REJECTED,
                    by=by.email,
                    code="consent_rejected",
                    words="A reviewer could not accept the consent for this photo.",
                )


def _change(consent: Consent, to: ConsentStatus, by: User | None, why: str) -> None:
    was, consent.status = consent.status, to
    consent.save(update_fields=["status"])
    _note(consent, was, by, why)


def _note(consent: Consent, was: str, by: User | None, why: str) -> None:
    ConsentEvent.objects.create(
        consent=consent, from_status=was, to_status=consent.status, by=by, why=why[:500]
    )
