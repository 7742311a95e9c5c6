"""Every way in which a consent can stand, and every moment at which it can end.

`States` makes an ordered job for each combination of status, purposes and date; `moments` names
when a withdrawal can come. What is expected is said here once, for the in-process vendor and for
the sandbox's gateway alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from jobs import storage
from jobs.models import Consent, ConsentStatus, RestorationJob
from jobs.steps import consent as consent_step
from jobs.steps import retain, submit
from tests.builders import make_job, make_member, make_photo


@dataclass(frozen=True)
class Standing:
    """One combination; `days` is from today to the day until which it may be kept."""

    status: str
    restore: bool
    vendors: str
    days: int | None

    @property
    def is_live(self) -> bool:
        """What the gate must say, in words of its own."""
        return (
            self.status in ("GRANTED", "APPROVED")
            and self.restore
            and "pixazo" in self.vendors
            and (self.days is None or self.days >= 0)
        )

    @property
    def may_order(self) -> bool:
        """What a reviewer has can be ordered, and waits."""
        return self.is_live or self.status in ("PENDING_REVIEW", "QUESTIONED")

    def forge(self, consent: Consent) -> None:
        """Let it stand so, whatever verb would have led there."""
        Consent.objects.filter(pk=consent.pk).update(
            status=self.status,
            purpose_restore=self.restore,
            vendors=self.vendors,
            keep_until=None
            if self.days is None
            else timezone.now().date() + timedelta(days=self.days),
        )


def standings(status: str) -> list[Standing]:
    """All that there are of one status."""
    rest = itertools.product(
        (True, False), ("|pixazo|", "|pixazo|fal|", "|fal|", ""), (None, 0, -1)
    )
    return [Standing(status, *each) for each in rest]


STATUSES = [str(status) for status in ConsentStatus.values]


def make_jobs(status: str, *, owner: User | None = None) -> dict[RestorationJob, Standing]:
    """An ordered job, under live consent, for each combination that it will be forged into."""
    owner = owner or make_member()
    return {make_job(photo=make_photo(owner=owner)): one for one in standings(status)}


def make_live_jobs() -> dict[RestorationJob, Standing]:
    """An ordered job for each combination that may be sent, standing so."""
    owner = make_member()
    jobs = {}
    for one in (one for status in STATUSES for one in standings(status) if one.is_live):
        job = make_job(photo=make_photo(owner=owner))
        one.forge(job.consent)
        jobs[job] = one
    return jobs


# --- How a consent ends ----------------------------------------------------------------------
def withdraw(job: RestorationJob) -> None:
    consent_step.withdraw(photo=job.photo, by=job.owner)


def expire(job: RestorationJob) -> None:
    """Its day has passed, and the clock has come round."""
    Consent.objects.filter(pk=job.consent_id).update(
        keep_until=timezone.now().date() - timedelta(days=1)
    )
    retain.enforce(timezone.now(), 10)


# --- What leaves -------------------------------------------------------------------------------
@contextmanager
def forged_between_claim_and_call(jobs: dict[RestorationJob, Standing]) -> Iterator[None]:
    """What `submit` claims is forged right after."""
    claim = submit.claim
    standing = {job.pk: one for job, one in jobs.items()}

    def claim_then_forge(limit: int, now: datetime) -> list[submit.Work]:
        works = claim(limit, now)
        for work in works:
            standing[work.job.pk].forge(work.job.consent)
        return works

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submit, "claim", claim_then_forge)
        yield


@contextmanager
def addresses_made(real: Any = None) -> Iterator[list[str]]:
    """The keys of vendor's copies for which an address was made."""
    made: list[str] = []
    address = real or storage.address

    def counting(key: str, **options: Any) -> str:
        if "/prepared." in key:
            made.append(key)
        return str(address(key, **options))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "address", counting)
        yield made


def expected_keys(jobs: dict[RestorationJob, Standing]) -> list[str]:
    """The copies that may leave, in the keys' order."""
    return sorted(job.photo.prepared_key for job, one in jobs.items() if one.is_live)
