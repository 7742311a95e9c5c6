"""Which of a photo's results its member likes best: nothing is lost by choosing, all stay."""

from __future__ import annotations

from django.utils.translation import gettext as _

from jobs.models import Photo, RestorationJob


class NothingToKeep(Exception):
    """There is no picture; the text is for the member."""


def keep(job: RestorationJob) -> None:
    """From now on this is the result that the photo's page shows first. Raises NothingToKeep."""
    if not RestorationJob.objects.with_pictures().filter(pk=job.pk).exists():
        raise NothingToKeep(_("There is no picture of this restoration that could be kept."))
    Photo.objects.filter(pk=job.photo_id).update(keeper=job)


def keep_none(job: RestorationJob) -> None:
    """This one is not the choice any more, if it was."""
    Photo.objects.filter(pk=job.photo_id, keeper=job).update(keeper=None)
