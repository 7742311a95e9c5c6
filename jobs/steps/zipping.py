"""Pictures as a ZIP that is written while it is sent: nothing is gathered on a disk or in memory.

Pictures come in pieces from S3, or are made one by one. What can't be had is left out and told in
README.txt; the ZIP stays whole. A store that doesn't answer is soon asked no more: others wait for
their turn.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from zipstream import ZipStream

from jobs import images, storage
from jobs.models import Photo, RestorationJob

ROWS_AT_ONCE = 300
MOST_SILENCES = 2  # pictures, one after the other, for which the store did not answer
TITLE_BYTES = 150  # in UTF-8; many file systems take 255 for a whole name
# Names that Windows keeps for devices, whatever their ending.
DEVICES = frozenset(
    [
        "con",
        "prn",
        "aux",
        "nul",
        *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"),
    ]
)
FORBIDDEN = set('<>:"/\\|?*')
NOT_FETCHED = lazy("could not be fetched, so it is not here")
NOT_MADE = lazy("could not be made, so it is not here")


class CannotMake(Exception):
    """A picture that is made for the ZIP was not; the store is not to blame."""


@dataclass(frozen=True)
class Picture:
    """One object of S3, and what it is called in the ZIP."""

    key: str
    name: str


@dataclass
class Missing:
    """What can't be had, and for how many pictures in a row the store has not answered."""

    lines: list[str]
    silences: int = 0

    @property
    def store_is_silent(self) -> bool:
        return self.silences >= MOST_SILENCES

    def in_words(self) -> str:
        """For README.txt; nothing when nothing is missing."""
        if not self.lines:
            return ""
        lines = "".join(f"- {line}\n" for line in self.lines)
        what = _("What is missing (please download again later, or ask us):")
        return f"\n{what}\n\n{lines}"

    def add(
        self,
        picture: Picture,
        why: str | Promise,
        problem: storage.StorageUnavailable | CannotMake | None,
    ) -> None:
        self.lines.append(f"{picture.name}: {why}")
        has_answered = isinstance(problem, (storage.NotStored, CannotMake))
        self.silences = 0 if has_answered else self.silences + 1


class Names:
    """Safe and different names: for any system, and whatever a title holds."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        # Where to go on counting: a phone calls each of thousands of photos "image".
        self._last: Counter[str] = Counter()

    def name(self, folder: str, title: str, ending: str, *, more: str = "") -> str:
        """`folder/title more.ending`; with a number, when there is one like it."""
        stem = f"{folder}/{safe(title)}{more}"
        alike = _folded(f"{stem}.{ending}")
        while True:
            self._last[alike] += 1
            number = self._last[alike]
            name = f"{stem} ({number}).{ending}" if number > 1 else f"{stem}.{ending}"
            key = _folded(name)
            if key not in self._taken:
                self._taken.add(key)
                return name


def _folded(name: str) -> str:
    """The same for names that some system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def safe(title: str) -> str:
    """A title as a file's name, without any path, control character or reserved name."""
    plain = "".join(
        "_" if c in FORBIDDEN else c if c.isprintable() else " "
        for c in unicodedata.normalize("NFC", title)
    )
    cut = plain.encode()[:TITLE_BYTES].decode(errors="ignore").strip(" .")
    if cut.partition(".")[0].strip().casefold() in DEVICES:
        cut = f"_{cut}"
    return cut or _("Untitled")


def in_order(jobs: models.QuerySet[RestorationJob]) -> models.QuerySet[RestorationJob]:
    """As `pictures_of` takes them."""
    return jobs.select_related("photo").prefetch_related("versions").order_by("created_at", "pk")


def pictures_of(
    *, originals: models.QuerySet[Photo], results: Iterable[RestorationJob]
) -> list[Picture]:
    """These photos' originals and these jobs' results with all their versions, each under its name.

    Names follow from what is there alone: the same rows have the same names another time.
    """
    names, pictures = Names(), []
    photos = originals.order_by("created_at", "pk").only("pk", "title", "format")
    for photo in photos.iterator(chunk_size=ROWS_AT_ONCE):
        name = names.name("originals", photo.title, images.extension_of(photo.format))
        pictures.append(Picture(photo.original_key, name))
    for job in results:
        ending = job.result_key.rpartition(".")[2]
        name = names.name("results", job.photo.title, ending, more=f" - {job.model.name}")
        pictures.append(Picture(job.result_key, name))
        for version in job.versions.all():
            ending = version.key.rpartition(".")[2]
            more = f" - {job.model.name}, version {version.number}"
            name = names.name("results", job.photo.title, ending, more=more)
            pictures.append(Picture(version.key, name))
    return pictures


def as_stored(picture: Picture) -> Iterator[bytes]:
    """Raises storage.StorageUnavailable, at once or while it goes on."""
    return storage.stream(picture.key)


def add_pictures(
    archive: ZipStream,
    pictures: Iterable[Picture],
    missing: Missing,
    go_on: Callable[[], None],
    *,
    pieces_of: Callable[[Picture], Iterator[bytes]] = as_stored,
) -> Iterator[bytes]:
    """The ZIP's bytes, picture by picture; `go_on` is called before each.

    `pieces_of` is asked for a picture when all before it are sent; beside StorageUnavailable it may
    raise CannotMake.
    """
    for picture in pictures:
        go_on()
        if missing.store_is_silent:
            missing.add(picture, NOT_FETCHED, None)
            continue
        try:
            pieces = pieces_of(picture)
        except storage.StorageUnavailable as problem:
            missing.add(picture, NOT_FETCHED, problem)
            continue
        except CannotMake as problem:
            missing.add(picture, NOT_MADE, problem)
            continue
        archive.add(_whole_or_told(pieces, picture, missing), picture.name)
        yield from archive.all_files()


def _whole_or_told(pieces: Iterator[bytes], picture: Picture, missing: Missing) -> Iterator[bytes]:
    """What comes of a picture; that it ended early is told, since its beginning is sent already."""
    try:
        yield from pieces
    except storage.StorageUnavailable as problem:
        missing.add(picture, _("ended early, so it is not whole"), problem)
    else:
        missing.silences = 0
