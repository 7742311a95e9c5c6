"""What transfers were for, in words that can be forgotten: the photo's title of today.

A transfer can't be changed, so it names only the model; the statement asks here for the rest
(`accounts.statements.describe_with`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress

from jobs.models import RestorationJob

ERASED = "Erased photo"


def describe(references: Collection[str]) -> Mapping[str, str]:
    """By job: "GFPGAN: Grandmother"; one query, and nothing for what is no job of ours."""
    keys = []
    for reference in references:
        with suppress(ValueError):
            keys.append(uuid.UUID(reference))
    jobs = RestorationJob.objects.filter(pk__in=keys).select_related("photo")
    return {str(job.pk): f"{job.model.name}: {title_of(job)}" for job in jobs}


def title_of(job: RestorationJob) -> str:
    """The photo's title, until it is erased."""
    return ERASED if job.photo.is_erased else job.photo.title
