"""Where a result comes from, taken from its job. No person is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jobs import catalog
from jobs.models import AttemptOutcome, RestorationJob

# IPTC NewsCodes, "Digital Source Type": a picture that a camera took, and that a model changed.
DIGITAL_SOURCE_TYPE = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
TOOL = "Heirloom"


class NothingRestored(Exception):
    """The job has no result to speak of."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Sizes in px; `settings` are what the vendor was told, as "upscale=2; …", sorted."""

    job_number: str
    title: str
    model: str
    maker: str
    vendor: str
    vendor_model_id: str
    settings: str
    restored_at: datetime
    original_sha256: str
    width_px: int
    height_px: int

    @property
    def system(self) -> str:
        """The model as a name by itself: "GFPGAN (TencentARC)"."""
        return f"{self.model} ({self.maker})"

    @property
    def sentence(self) -> str:
        """What every reader of the picture should know."""
        return (
            f"Restored with {self.system}. Parts of this picture, faces too, may have been "
            "invented by the model; the original is the evidence."
        )


def of_job(job: RestorationJob) -> Provenance:
    """The provenance of a job's result. Raises NothingRestored."""
    if not job.result_key or job.completed_at is None:
        raise NothingRestored(f"job {job.pk} is {job.state}")
    vendor = _vendor_of(job)
    return Provenance(
        job_number=str(job.pk),
        title=job.photo.title,
        model=job.model.name,
        maker=job.model.maker,
        vendor=catalog.VENDORS[vendor],
        vendor_model_id=job.model.route(vendor).model_id,
        settings="; ".join(
            f"{key}={_plain(value)}"
            for key, value in sorted(job.parameters.items())
            if value is not None
        ),
        restored_at=job.completed_at,
        original_sha256=job.photo.sha256,
        width_px=job.result_width_px or 0,
        height_px=job.result_height_px or 0,
    )


def _vendor_of(job: RestorationJob) -> str:
    """Who really restored it: the attempt that completed."""
    done = [
        attempt
        for attempt in job.attempts.all()  # by number; no query when they were fetched along
        if attempt.outcome == AttemptOutcome.ACCEPTED and attempt.vendor_status == "COMPLETED"
    ]
    return done[-1].vendor if done else job.model.vendor


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
