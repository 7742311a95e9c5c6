"""What a reviewer decides about a statement; jobs that waited for it go on, or end uncharged.

Lock order, here and everywhere: photo, consent, job, attempt, wallet.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from jobs.models import Consent, ConsentStatus, RestorationJob
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import abandon
from jobs.steps.consent import ConsentError, change


def review(*, consent: Consent, by: User, approve: bool, why: str = "") -> None:
    """Approve or reject.

    Raises ConsentError when it is no longer pending, or is the reviewer's own.
    """
    with transaction.atomic():
        consent = Consent.objects.select_for_update().get(pk=consent.pk)
        if consent.status != ConsentStatus.PENDING_REVIEW:
            raise ConsentError("This consent is not waiting for a decision any more.")
        if consent.given_by_id == by.pk:
            raise ConsentError("Nobody reviews their own consent.")
        decision = ConsentStatus.APPROVED if approve else ConsentStatus.REJECTED
        change(consent, decision, by, why)
        audit.record(
            actor=by,
            action="consent.approve" if approve else "consent.reject",
            what=f"{decision.label}: {consent.depicted_words}",
            why=why,
            subject=f"consent {consent.pk}",
            member=consent.given_by,
        )
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
