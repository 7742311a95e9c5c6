"""What a vendor sends back: decoded whole before it is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

from jobs.images.faces import strip_of_faces
from jobs.images.files import Rendition, UnreadableImage, format_of, in_words, open_picture
from jobs.images.pixels import PREVIEW_SIDE_PX, clean, shrunk

RESULT_FORMATS = ("PNG", "JPEG")


@dataclass(frozen=True)
class Result:
    """A vendor's picture, found whole."""

    format: str
    width_px: int
    height_px: int
    preview: Rendition
    faces_strip: Rendition | None = None


class WrongSize(UnreadableImage):
    """A whole picture, but not of the size or shape that was ordered."""


@in_words
def check_result(
    file: BinaryIO,
    *,
    width_px: int,
    height_px: int,
    least_pixels: int = 1,
    faces: Sequence[Mapping[str, int]] = (),
    photo_width_px: int = 1,
) -> Result:
    """Decode a vendor's picture whole, and see that it is of the photo's shape, and large enough.

    A few percent of difference in shape is allowed: models round to multiples of their own.
    The photo's `faces` (boxes in px of its `photo_width_px`) are cut out of it, to be judged.
    Raises UnreadableImage, and of it WrongSize.
    """
    image = open_picture(file, RESULT_FORMATS, settings.RESULT_MAX_PIXELS)
    expected, got = width_px / height_px, image.width / image.height
    size = f"{image.width} × {image.height} px instead of {width_px} × {height_px}"
    if not 0.9 < got / expected < 1.1:
        raise WrongSize(f"The result has another shape than the photo: {size}.")
    if image.width * image.height < least_pixels:
        raise WrongSize(f"The result is smaller than ordered: {size}.")
    bare = clean(image)
    return Result(
        format_of(image),
        image.width,
        image.height,
        shrunk(bare, PREVIEW_SIDE_PX),
        strip_of_faces(bare, faces, photo_width_px=photo_width_px),
    )
