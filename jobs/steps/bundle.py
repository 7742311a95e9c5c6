"""The photos that a member has ticked, as one ZIP: results, labelled, and originals if wanted.

Each result is the file that a single download gives (`take_home`), made when those before it are
sent: one is held at a time. The label and the seal need the original, so a result whose original
can't be had is named in README.txt as missing. What is in the trash or erased is left out, even if
it was ticked a moment before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from zipstream import ZipStream

from jobs import images, storage
from jobs.models import Photo, RestorationJob, ResultVersion
from jobs.provenance import NothingRestored
from jobs.steps.take_home import Keepsake, Wishes, take_home
from jobs.steps.zipping import (
    CannotMake,
    Missing,
    Picture,
    add_pictures,
    as_stored,
    in_order,
    pictures_of,
)

log = logging.getLogger(__name__)
# Translators: README.txt in a ZIP of photos. The folders keep their names.
README = lazy("""Photos from Heirloom
====================

results/     what was restored, with the model’s name
""")
# Translators: README.txt in a ZIP of photos. The folders keep their names.
README_WITH_ORIGINALS = lazy("""Photos from Heirloom
====================

originals/   your photos, byte for byte as you uploaded them
results/     what was restored, with the model’s name
""")
# Translators: README.txt in a ZIP of photos; “DigitalSourceType” is the name of a field.
LABELLED = lazy("""
What is in results/ was restored by a model: it may show what was never there. Each file there says
so itself (XMP, DigitalSourceType): which model, with which settings and when, with a fingerprint of
the original (SHA-256).
""")
# Translators: README.txt in a ZIP of photos.
SEALED = lazy("""
Each is signed, too (C2PA): whoever opens it in a program that knows such seals can see that nobody
changed it since.
""")
# Translators: README.txt in a ZIP of photos.
SOME_SEALED = lazy("""
They are signed, too (C2PA): whoever opens one in a program that knows such seals can see that
nobody changed it since. These alone could not be signed:
""")
# Translators: README.txt in a ZIP of photos.
UNRESTORED = lazy("""
These photos have no result yet, so there is none of them in results/:
""")


class NothingToTake(Exception):
    """None of the photos has what was asked for. The message is for the member."""


@dataclass(frozen=True)
class Result:
    """A job with all that its label says, and which of its pictures is meant."""

    job: RestorationJob
    version: ResultVersion | None


@dataclass
class Made:
    """The names of the results that are in the ZIP."""

    sealed: list[str] = field(default_factory=list)
    unsealed: list[str] = field(default_factory=list)

    def add(self, picture: Picture, keepsake: Keepsake) -> None:
        (self.sealed if keepsake.is_sealed else self.unsealed).append(picture.name)

    def in_words(self) -> str:
        """For README.txt: what is true of these very files."""
        said = str(LABELLED) if self.sealed or self.unsealed else ""
        if self.sealed and self.unsealed:
            return said + _listed(SOME_SEALED, self.unsealed)
        return said + (str(SEALED) if self.sealed else "")


@dataclass(frozen=True)
class Bundle:
    """What goes into the ZIP, found before its first byte is sent; `results` by key."""

    pictures: list[Picture]
    results: Mapping[str, Result]
    unrestored: list[str]
    with_originals: bool

    def stream(self, go_on: Callable[[], None] = lambda: None) -> Generator[bytes]:
        """The ZIP's bytes. `go_on` is called before each picture."""
        archive, missing, made = ZipStream(), Missing([]), Made()

        def pieces_of(picture: Picture) -> Iterator[bytes]:
            if picture.key not in self.results:
                return as_stored(picture)
            keepsake = _labelled(self.results[picture.key])
            made.add(picture, keepsake)
            return _pieces(keepsake.file)

        if not connection.in_atomic_block:
            connection.close()  # from here on it is S3 and somebody's line
        yield from add_pictures(archive, self.pictures, missing, go_on, pieces_of=pieces_of)
        readme = str(README_WITH_ORIGINALS if self.with_originals else README)
        readme += made.in_words()
        if self.unrestored:
            readme += _listed(UNRESTORED, self.unrestored)
        archive.add(readme + missing.in_words(), "README.txt")
        yield from archive.finalize()


def bundle(*, photos: Collection[Photo], with_originals: bool) -> Bundle:
    """Raises NothingToTake."""
    keys = [photo.pk for photo in photos]
    here = Photo.objects.visible().filter(pk__in=keys)
    jobs = list(
        in_order(RestorationJob.objects.with_pictures().filter(photo__in=keys)).prefetch_related(
            "attempts"
        )
    )
    pictures = pictures_of(originals=here if with_originals else here.none(), results=jobs)
    if not pictures:
        raise NothingToTake(
            _("These photos are not here any more.")
            if with_originals
            else _("None of these photos has been restored yet. Their originals can be downloaded.")
        )
    restored = {job.photo_id for job in jobs}
    titles = here.exclude(pk__in=restored).order_by("created_at", "pk")
    return Bundle(
        pictures, _results(jobs), list(titles.values_list("title", flat=True)), with_originals
    )


def _results(jobs: Iterable[RestorationJob]) -> dict[str, Result]:
    """By key, all pictures of these jobs."""
    results = {}
    for job in jobs:
        results[job.result_key] = Result(job, None)
        results.update({version.key: Result(job, version) for version in job.versions.all()})
    return results


def _labelled(result: Result) -> Keepsake:
    """Raises storage.StorageUnavailable, CannotMake."""
    try:
        return take_home(job=result.job, wishes=Wishes(), version=result.version)
    except (NothingRestored, images.UnreadableImage, OSError) as problem:
        log.error("a result of job %s could not be made for a ZIP: %s", result.job.pk, problem)
        raise CannotMake from problem


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(storage.PIECE_BYTES):
            yield piece


def _listed(what: str | Promise, names: Iterable[str]) -> str:
    lines = "".join(f"- {' '.join(name.split())}\n" for name in names)
    return f"{what}\n{lines}"
