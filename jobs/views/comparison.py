"""Two pictures of one photo over each other, and its faces side by side: is it still them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from jobs import images
from jobs.catalog.advice import SMALL_FACE_PX
from jobs.steps.collect import faces_key
from jobs.views.cards import JobCard, PhotoCard, view_url

ORIGINAL = "original"
# A larger picture is not fetched just because somebody looks closer; it can be opened.
MOST_PIXELS_TO_LOOK_CLOSER = 24_000_000


@dataclass(frozen=True)
class Picture:
    """One that can be compared. `key` is `original`, or the number of the job it came of."""

    key: str
    name: str
    alt: str
    width_px: int
    height_px: int
    preview_url: str
    full_url: str
    faces_url: str
    is_keeper: bool = False

    @property
    def is_original(self) -> bool:
        return self.key == ORIGINAL

    @property
    def closer_url(self) -> str:
        """What to show when somebody looks closer than the preview can show."""
        pixels = self.width_px * self.height_px
        return self.full_url if pixels <= MOST_PIXELS_TO_LOOK_CLOSER else ""


@dataclass(frozen=True)
class Face:
    """One face in both pictures: where it lies in their strips of faces. px."""

    number: int
    width_px: int
    left_edge: int

    @property
    def is_small(self) -> bool:
        """So small in the original that a model invents most of it."""
        return self.width_px < SMALL_FACE_PX


@dataclass(frozen=True)
class Comparison:
    """What lies over what, and between what one can choose."""

    left: Picture
    right: Picture
    pictures: Sequence[Picture]
    faces: Sequence[Face]
    faces_left_out: int

    @property
    def strip_width_px(self) -> int:
        return len(self.faces) * self.face_side_px

    @property
    def face_side_px(self) -> int:
        return images.FACE_SIDE_PX


def comparison(
    photo: PhotoCard, jobs: Sequence[JobCard], *, left: str = "", right: str = ""
) -> Comparison | None:
    """What was asked for by key, or else the original and the keeper or newest result.

    None where there is no result to compare.
    """
    results = [_of_job(job) for job in jobs if job.preview_url]
    if not results or not photo.preview_url:
        return None
    original = _of_photo(photo)
    pictures = [original, *results]
    by_key = {picture.key: picture for picture in pictures}
    keeper = by_key.get(str(photo.photo.keeper_id), results[0])
    chosen = by_key.get(right, keeper)
    other = by_key.get(left, original)
    both = bool(chosen.faces_url and other.faces_url)
    faces = _faces(photo) if both else []
    left_out = len(photo.photo.faces) - len(faces) if both else 0
    return Comparison(other, chosen, pictures, faces, left_out)


def _of_photo(photo: PhotoCard) -> Picture:
    row = photo.photo
    return Picture(
        key=ORIGINAL,
        name=_("The original"),
        alt=_("{title}, the original").format(title=row.title),
        width_px=row.width_px,
        height_px=row.height_px,
        preview_url=photo.preview_url,
        full_url=view_url(row.prepared_key),
        faces_url=view_url(row.faces_key) if row.has_faces_strip else "",
    )


def _of_job(job: JobCard) -> Picture:
    row = job.job
    name = ", ".join(filter(None, [job.model.name, job.parameters_words]))
    return Picture(
        key=str(row.pk),
        name=name,
        alt=_("{title}, restored by {model}").format(title=row.photo.title, model=job.model.name),
        width_px=row.result_width_px or row.quoted_width_px,
        height_px=row.result_height_px or row.quoted_height_px,
        preview_url=job.preview_url,
        full_url=job.result_url,
        faces_url=view_url(faces_key(row.result_key)) if row.has_faces_strip else "",
        is_keeper=job.is_keeper,
    )


def _faces(photo: PhotoCard) -> list[Face]:
    shown = photo.photo.faces[: images.MOST_FACES]
    return [
        Face(number, face["width"], (number - 1) * images.FACE_SIDE_PX)
        for number, face in enumerate(shown, start=1)
    ]
