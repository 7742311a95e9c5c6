"""End a job that brings no picture: the member gets the money back and is told so."""

from __future__ import annotations

from django.db import transaction

from accounts import ledger
from jobs.models import RestorationJob
from jobs.moves import move
from jobs.states import JobState
from jobs.steps import waiver


def end(
    job: RestorationJob,
    to: JobState,
    *,
    by: str,
    code: str,
    words: str,
    why: str = "",
) -> None:
    """Move a job to a terminal state without a picture, and settle its hold, in one transaction.

    What is still set aside is released, what was captured is refunded: nobody pays for nothing.
    `words` are for the member. The caller holds the job's row lock. Raises MoveNotAllowed,
    MoveLost.
    """
    with transaction.atomic():
        move(job, to, by=by, why=why or words, failure_code=code, failure_words=words[:300])
        if job.hold is None:
            waiver.take_back(job, reason=words)
            return
        ledger.release(hold=job.hold, key=f"release:{job.pk}", reason=words[:500])
        charged = ledger.balance_of(job.hold).charged
        if charged:
            ledger.refund(
                hold=job.hold, amount_micros=charged, key=f"refund:{job.pk}", reason=words[:500]
            )
