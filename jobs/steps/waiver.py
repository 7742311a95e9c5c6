"""What a free restoration costs is the house's to pay, and stands in the books like any charge.

Written with COMPLETED, as a charge would be; taken back when its picture can't be had after all.
"""

from __future__ import annotations

from accounts import ledger
from accounts.models import Transfer, TransferKind
from jobs.models import RestorationJob


def give(job: RestorationJob) -> Transfer:
    """The quoted price, paid by the house, once. The caller moves the job in one transaction."""
    return ledger.waive(
        user=job.owner,
        amount_micros=job.quoted_micros,
        key=f"waive:{job.pk}",
        memo=job.model.name,
        reference=str(job.pk),
    )


def take_back(job: RestorationJob, *, reason: str) -> None:
    """What was given, if anything was. The caller holds the job's lock."""
    given = Transfer.objects.filter(kind=TransferKind.WAIVED, reference=str(job.pk)).first()
    if given is not None:
        ledger.unwaive(waived=given, key=f"unwaive:{job.pk}", reason=reason[:500])
