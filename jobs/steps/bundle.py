"""The photos that a member has ticked, as one ZIP: their results as they came, originals if wanted.

What is in the trash or erased is left out, even if it was ticked a moment before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from zipstream import ZipStream

from jobs.models import Photo, RestorationJob
from jobs.steps.zipping import Missing, Picture, add_pictures, pictures_of

# Translators: README.txt in a ZIP of photos. The folders keep their names.
README = lazy("""Photos from Heirloom
====================

results/     what was restored, with the model’s name

What is in results/ was restored by a model: it may show what was never there. To get a result that
says so in the file itself, download it from its photo’s page.
""")
# Translators: README.txt in a ZIP of photos. The folders keep their names.
README_WITH_ORIGINALS = lazy("""Photos from Heirloom
====================

originals/   your photos, byte for byte as you uploaded them
results/     what was restored, with the model’s name

What is in results/ was restored by a model: it may show what was never there. To get a result that
says so in the file itself, download it from its photo’s page.
""")


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
        readme = README_WITH_ORIGINALS if self.with_originals else README
        archive.add(str(readme) + missing.in_words(), "README.txt")
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
            _("These photos are not here any more.")
            if with_originals
            else _("None of these photos has been restored yet. Their originals can be downloaded.")
        )
    return Bundle(pictures, with_originals)
