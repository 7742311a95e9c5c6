"""The photos that a member has ticked, as one ZIP: their results as they came, originals if wanted.

What is in the trash or erased is left out, even if it was ticked a moment before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass

from django.db import connection
from zipstream import ZipStream

from jobs.models import Photo, RestorationJob
from jobs.steps.zipping import Missing, Picture, add_pictures, pictures_of

README = """Photos from Heirloom
====================

{folders}
What is in results/ was restored by a model: it may show what was never there. To get a result that
says so in the file itself, download it from its photo's page.
"""
ORIGINALS = "originals/   your photos, byte for byte as you uploaded them\n"
RESULTS = "results/     what was restored, with the model's name\n"


class NothingToTake(Exception):
    """None of the photos has what was asked for. The message is for the member."""


@dataclass(frozen=True)
class Bundle:
    """What goes into the ZIP, found before its first byte is sent."""

    pictures: list[Picture]
    with_originals: bool

    def stream(self, go_on: Callable[[], None] = lambda: None) -> Generator[bytes]:
        """The ZIP's bytes. `go_on` is called before each picture."""
        archive, missing = ZipStream(), Missing([])
        if not connection.in_atomic_block:
            connection.close()  # from here on it is S3 and somebody's line
        yield from add_pictures(archive, self.pictures, missing, go_on)
        folders = ORIGINALS + RESULTS if self.with_originals else RESULTS
        archive.add(README.format(folders=folders) + missing.in_words(), "README.txt")
        yield from archive.finalize()


def bundle(*, photos: Collection[Photo], with_originals: bool) -> Bundle:
    """Raises NothingToTake."""
    keys = [photo.pk for photo in photos]
    pictures = pictures_of(
        originals=Photo.objects.visible().filter(pk__in=keys if with_originals else []),
        results=RestorationJob.objects.with_pictures().filter(photo__in=keys),
    )
    if not pictures:
        raise NothingToTake(
            "These photos are not here any more."
            if with_originals
            else "None of these photos has been restored yet. Their originals can be downloaded."
        )
    return Bundle(pictures, with_originals)
