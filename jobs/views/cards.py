"""What a page shows of a photo or a job: the row, its presigned addresses, its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import ledger
from accounts.ledger import HoldBalance
from jobs import breaker, storage
from jobs.catalog import RestorationModel
from jobs.models import Photo, PhotoState, RestorationJob, ResultVersion
from jobs.states import UNSENT, WAITING_FOR_VENDOR, JobState
from jobs.steps import tell
from jobs.steps.collect import preview_key

LATE_IF_TIMES_USUAL = 3
PROGRESS = {
    JobState.AWAITING_CONSENT: 1,
    JobState.READY: 1,
    JobState.SUBMITTING: 2,
    JobState.UNKNOWN: 2,
    JobState.QUEUED: 2,
    JobState.PROCESSING: 3,
    JobState.COMPLETED: 4,
    JobState.DELIVERED: 4,
}


def view_url(key: str) -> str:
    """For as long as a page is looked at."""
    return storage.address(key, seconds=settings.VIEW_URL_SECONDS)


@dataclass(frozen=True)
class PhotoCard:
    """One photo, as the gallery and its own page show it."""

    photo: Photo
    latest_job: RestorationJob | None = None
    kept_job: RestorationJob | None = None  # the result its member chose among several
    shows_trash: bool = False
    usual_seconds: float | None = None
    is_kept_back: bool = False  # its latest job is: no vendor that it may go to takes anything now
    seen_at: datetime = field(default_factory=timezone.now)

    def __getattr__(self, name: str) -> object:
        """Whatever the card doesn't say itself, the row does."""
        return getattr(self.photo, name)

    @property
    def is_prepared(self) -> bool:
        return self.photo.state == PhotoState.PREPARED

    @property
    def takes_long(self) -> bool:
        """Whether it still isn't prepared when nearly all others are."""
        waited = (self.seen_at - self.photo.created_at).total_seconds()
        return self.photo.state == PhotoState.UPLOADED and waited > settings.PREPARED_WITHIN_SECONDS

    @property
    def may_be_seen(self) -> bool:
        """What lies in the trash is seen on the trash's page alone."""
        return not self.photo.is_erased and (self.shows_trash or not self.photo.is_in_trash)

    @property
    def is_moving(self) -> bool:
        """Whether the card will soon say something else."""
        latest = self.latest_job
        return self.photo.state == PhotoState.UPLOADED or bool(latest and latest.is_moving)

    @property
    def told_job(self) -> RestorationJob | None:
        """Whose state stands on the card: when all is done, that of the chosen result."""
        latest = self.latest_job
        is_done = latest is not None and latest.state == JobState.DELIVERED
        return self.kept_job if is_done and self.kept_job else latest

    @property
    def waited_seconds(self) -> float | None:
        return _waited(self.latest_job, self.seen_at) if self.latest_job else None

    @property
    def late_after_seconds(self) -> float:
        return _late_after(self.usual_seconds)

    @property
    def thumbnail_url(self) -> str:
        return view_url(self.photo.thumbnail_key) if self._has_copies else ""

    @property
    def _has_copies(self) -> bool:
        return self.is_prepared and self.may_be_seen

    @property
    def preview_url(self) -> str:
        return view_url(self.photo.preview_key) if self._has_copies else ""


@dataclass(frozen=True)
class VersionCard:
    """A further picture that the vendor sent with a result."""

    version: ResultVersion

    def __getattr__(self, name: str) -> object:
        """Whatever the card doesn't say itself, the row does."""
        return getattr(self.version, name)

    @property
    def preview_url(self) -> str:
        return view_url(preview_key(self.version.key))


@dataclass(frozen=True)
class JobCard:
    """One restoration, as its card shows it. Money in micro-dollars."""

    job: RestorationJob
    money: HoldBalance
    usual_seconds: float | None = None
    is_kept_back: bool = False  # no vendor that it may go to takes anything now
    seen_at: datetime = field(default_factory=timezone.now)

    def __getattr__(self, name: str) -> object:
        """Whatever the card doesn't say itself, the row does."""
        return getattr(self.job, name)

    @property
    def waited_seconds(self) -> float | None:
        """How long the restorer has been waited for; None while a reviewer is, and at the end."""
        return _waited(self.job, self.seen_at)

    @property
    def late_after_seconds(self) -> float:
        """So long, and the page says that it takes longer than usual."""
        return _late_after(self.usual_seconds)

    @property
    def before(self) -> int | None:
        """How many are handed over before it; of jobs that were fetched `with_place`."""
        return getattr(self.job, "before", None)

    @property
    def state_words(self) -> str:
        return str(JobState(self.job.state).label)

    @property
    def progress_step(self) -> int:
        return PROGRESS.get(JobState(self.job.state), 4)

    @property
    def photo(self) -> PhotoCard:
        return PhotoCard(self.job.photo)

    @property
    def model(self) -> RestorationModel:
        return self.job.model

    @property
    def parameters_words(self) -> str:
        return self.job.model.words_for(self.job.parameters)

    @property
    def held_micros(self) -> int:
        return self.money.open

    @property
    def charged_micros(self) -> int:
        return self.money.charged

    @property
    def charge_words(self) -> str:
        """What became of the money, in one sentence."""
        return tell.charge_words(self.money, is_free=self.job.is_free)

    @property
    def can_cancel(self) -> bool:
        return self.job.state in UNSENT

    @property
    def can_stop(self) -> bool:
        """Whether its member may stop waiting for it (how often is told on the page before)."""
        return self.job.state in WAITING_FOR_VENDOR

    @property
    def is_delivered(self) -> bool:
        return self.job.state == JobState.DELIVERED and self.photo._has_copies

    @property
    def is_keeper(self) -> bool:
        """Whether its member chose it among several."""
        return self.job.photo.keeper_id == self.job.pk

    @property
    def result_url(self) -> str:
        return view_url(self.job.result_key) if self.is_delivered else ""

    @property
    def preview_url(self) -> str:
        return view_url(preview_key(self.job.result_key)) if self.is_delivered else ""

    @property
    def versions(self) -> list[VersionCard]:
        """The further pictures; of jobs that were fetched `with_story`."""
        if not self.is_delivered:
            return []
        return [VersionCard(version) for version in self.job.versions.all()]


def photo_cards(photos: Iterable[Any]) -> list[PhotoCard]:
    """Cards for photos that were fetched `with_jobs`."""
    shown = [(photo, next(iter(photo.newest_jobs), None)) for photo in photos]
    latest = [job for _, job in shown if job]
    usual = _usual_seconds(latest)
    kept_back = breaker.kept_back(latest, timezone.now())
    return [
        PhotoCard(
            photo,
            job,
            kept_job=next((one for one in photo.newest_jobs if one.pk == photo.keeper_id), None),
            usual_seconds=usual.get(job.model_key) if job else None,
            is_kept_back=job is not None and job.pk in kept_back,
        )
        for photo, job in shown
    ]


def job_cards(jobs: Iterable[RestorationJob]) -> list[JobCard]:
    """Cards for jobs, with one look at the ledger for all of them."""
    jobs = list(jobs)
    money = ledger.balances_of(job.hold_id for job in jobs if job.hold_id is not None)
    usual = _usual_seconds(jobs)
    kept_back = breaker.kept_back(jobs, timezone.now())
    return [
        JobCard(
            job,
            money.get(job.hold_id or 0, tell.NOTHING),
            usual.get(job.model_key),
            is_kept_back=job.pk in kept_back,
        )
        for job in jobs
    ]


def _usual_seconds(jobs: Iterable[RestorationJob]) -> dict[str, float | None]:
    """By model, of those that somebody waits for: a query for each, so never more than models."""
    awaited = {job.model_key for job in jobs if job.is_moving and job.ready_at}
    return {key: RestorationJob.objects.usual_seconds(key) for key in sorted(awaited)}


def _waited(job: RestorationJob, now: datetime) -> float | None:
    if job.ready_at is None or not job.is_moving:
        return None
    return (now - job.ready_at).total_seconds()


def _late_after(usual_seconds: float | None) -> float:
    return max(settings.LATE_AFTER_SECONDS, LATE_IF_TIMES_USUAL * (usual_seconds or 0))
