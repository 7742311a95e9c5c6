"""The count at the end of a chaos run: our books beside the vendor's, S3 beside our rows."""

from __future__ import annotations

import sqlite3
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Count
from django.utils import timezone

from accounts import books, ledger
from accounts.models import Transfer, TransferKind
from jobs import consent_proof, storage
from jobs.models import Attempt, Photo, RestorationJob, ResultVersion
from jobs.states import TERMINAL, JobState
from jobs.steps import collect
from tests.chaos.house import House


@dataclass(frozen=True)
class Account:
    """`states` by count; `faults` are what must be nothing, each with the rows that it found."""

    states: Counter[str]
    facts: dict[str, int]
    faults: dict[str, list[str]]

    @property
    def is_well(self) -> bool:
        return not any(self.faults.values())

    @property
    def table(self) -> str:
        lines = ["jobs by final state"]
        lines += [f"  {state:<42}{count:>6}" for state, count in sorted(self.states.items())]
        lines += ["the vendors"]
        lines += [f"  {name:<42}{count:>6}" for name, count in self.facts.items()]
        lines += ["must be nothing"]
        for name, found in self.faults.items():
            lines.append(f"  {name:<42}{len(found):>6}")
            lines += [f"      {each}" for each in found[:5]]
        return "\n".join(lines)


def of(house: House, ordered: Sequence[uuid.UUID]) -> Account:
    jobs = list(RestorationJob.objects.select_related("photo"))
    bought, strangers = purchases(house)
    borne = Attempt.objects.filter(house_cost_micros__gt=0)
    again = sum(job.resubmissions for job in jobs)
    return Account(
        states=Counter(job.state for job in jobs),
        facts={
            "requests taken": sum(bought.values()) + len(strangers),
            "sent once more, not knowing (documented)": again,
            "submissions at the house's cost": borne.count(),
            **{
                f"submissions to {vendor}": count
                for vendor, count in Attempt.objects.order_by("vendor")
                .values_list("vendor")
                .annotate(count=Count("pk"))
            },
            "callbacks kept": sum(
                Attempt.objects.annotate(n=Count("deliveries")).values_list("n", flat=True)
            ),
        },
        faults={
            "lost": sorted(str(pk) for pk in set(ordered) - {job.pk for job in jobs}),
            "stuck": [_line(job) for job in jobs if not _is_over(job)],
            "double or wrong charges": wrong_charges(jobs),
            "purchases beyond the documented case": [
                f"{_line(job)}: bought {bought[job.pk]} times"
                for job in jobs
                if bought[job.pk] > 1 + job.resubmissions
            ],
            "requests that no attempt knows": strangers,
            "photos that should be gone": [
                str(photo.pk) for photo in Photo.objects.filter(state="ERASING")
            ],
            "lies in the ledger": books.lies(),
            "lies about consent": consent_proof.findings(timezone.now())[0],
            "S3 objects without a row": objects_without_a_row(jobs),
            "results without an object": results_without_an_object(jobs),
        },
    )


def wrong_charges(jobs: Sequence[RestorationJob]) -> list[str]:
    """Charged without a picture, twice, or for more than the quote; or still set aside."""
    money = ledger.balances_of(job.hold_id for job in jobs if job.hold_id is not None)
    captures = dict(
        Transfer.objects.filter(kind=TransferKind.CAPTURE)
        .values_list("hold")
        .annotate(times=Count("pk"))
    )
    wrong = []
    for job in jobs:
        balance = money[job.hold_id or 0]
        if job.state == JobState.DELIVERED:
            is_fair = 0 < balance.charged <= job.quoted_micros and not balance.open
        else:
            is_fair = job.state not in TERMINAL or (balance.charged, balance.open) == (0, 0)
        if not is_fair or captures.get(job.hold_id, 0) > 1:
            wrong.append(f"{_line(job)}: {balance}")
    return wrong


def purchases(house: House) -> tuple[Counter[uuid.UUID], list[str]]:
    """What the gateway took, by our job: its own database, matched by the callback's token."""
    by_token = dict(Attempt.objects.values_list("token_sha256", "job_id"))
    bought: Counter[uuid.UUID] = Counter()
    strangers = []
    for address, request_id in taken(Path(house.addresses.env["SANDBOX_DIR"])):
        token = address.rstrip("/").rpartition("/")[2]
        job = by_token.get(Attempt.hash_token(token))
        if job is None:
            strangers.append(request_id)
        else:
            bought[job] += 1
    return bought, strangers


def taken(directory: Path) -> list[tuple[str, str]]:
    """The callback's address and the number of every request that the gateway took."""
    with closing(sqlite3.connect(directory / "gateway.sqlite3")) as connection:
        rows = connection.execute("SELECT webhook_url, request_id FROM requests")
        return [(address or "", request_id) for address, request_id in rows]


def objects_without_a_row(jobs: Sequence[RestorationJob]) -> list[str]:
    """Below photos/: nothing of a photo that is gone, no result that no job has."""
    known = set(ResultVersion.objects.values_list("key", flat=True))
    known |= {job.result_key for job in jobs if job.result_key}
    known |= {collect.preview_key(key) for key in known}
    living: defaultdict[str, bool] = defaultdict(bool)
    for photo in Photo.objects.exclude(state__in=("ERASING", "ERASED")):
        living[str(photo.pk)] = True
    return [
        key
        for key in storage.keys_under("photos/")
        if not living[key.split("/")[1]] or ("/results/" in key and key not in known)
    ]


def results_without_an_object(jobs: Sequence[RestorationJob]) -> list[str]:
    kept = set(storage.keys_under("photos/"))
    return [
        _line(job)
        for job in jobs
        if job.state == JobState.DELIVERED
        and job.photo.state == "PREPARED"
        and job.result_key not in kept
    ]


def _is_over(job: RestorationJob) -> bool:
    return job.state in TERMINAL and job.told_at is not None and job.lease_until is None


def _line(job: RestorationJob) -> str:
    return f"{job.pk} {job.model_key} {job.state} {job.failure_code} due {job.due_at}"
