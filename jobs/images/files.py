"""Pictures as files: which we take, how they are opened and written.

Whatever a hostile file makes the library raise becomes `UnreadableImage`.
"""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, BinaryIO, ParamSpec, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from PIL import Image, UnidentifiedImageError
from pillow_heif import register_heif_opener

# AVIF before HEIF: of a file that says only "mif1" either may be the reader, and AVIF's tells at
# once that it is not.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF")
WELCOME = ("JPEG", "PNG", "WebP", "GIF", "TIFF", "HEIC", "AVIF")  # as people say it
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
# The formats are those of WELCOME.
NOT_A_PICTURE = lazy(
    "This is not a picture that we can read. JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF are welcome."
)
DAMAGED = lazy("This picture is damaged: the file ends early or is broken.")

# A box's name, version and flags; then width and height, even where another such box seems to be.
SIZE_BOX = re.compile(rb"ispe\0{4}(?=(.{8}))", re.DOTALL)

P = ParamSpec("P")
R = TypeVar("R")

# Small and second pictures within a file are nobody's: not even their sizes are looked at.
register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
# Our own limits are checked on the header before a pixel is decoded; Pillow's guess is not needed.
Image.MAX_IMAGE_PIXELS = None


class UnreadableImage(Exception):
    """Not a picture that we can take. The message is for the member."""


@dataclass(frozen=True)
class Rendition:
    """One encoded copy."""

    data: bytes
    extension: str
    content_type: str


def in_words(look: Callable[P, R]) -> Callable[P, R]:
    """Whatever a hostile file makes the library raise is UnreadableImage."""

    @wraps(look)
    def careful(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return look(*args, **kwargs)
        except UnreadableImage:
            raise
        except Exception as problem:
            raise UnreadableImage(DAMAGED) from problem

    return careful


def open_picture(file: BinaryIO, formats: tuple[str, ...], max_pixels: int) -> Image.Image:
    """Open, look at the header, and only then decode."""
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _refuse_beyond(max_pixels, _largest_in_boxes(file))
            image = Image.open(file, formats=formats)
            _refuse_beyond(max_pixels, image.width * image.height)
            image.load()
    except UnreadableImage:
        raise
    except UnidentifiedImageError as problem:
        raise UnreadableImage(NOT_A_PICTURE) from problem
    except Exception as problem:  # a decoder may raise anything on hostile bytes
        raise UnreadableImage(DAMAGED) from problem
    return image


def _refuse_beyond(max_pixels: int, pixels: int) -> None:
    if pixels > max_pixels:
        raise UnreadableImage(
            _("This picture has %(megapixels)s megapixels; the most we can take is %(most)s.")
            % {"megapixels": -(-pixels // 1_000_000), "most": max_pixels // 1_000_000}
        )


def _largest_in_boxes(file: BinaryIO) -> int:
    """Pixels of the largest picture that a HEIC or AVIF says it holds; 0 for other files.

    What such a file gives as its size may be a small piece, cut out after all of it is decoded
    ("clap"); what is decoded stands in its "ispe" boxes (ISO/IEC 23008-12, 6.5.3).
    """
    has_boxes = file.read(12)[4:8] == b"ftyp"
    sizes = SIZE_BOX.findall(file.read()) if has_boxes else []
    file.seek(0)
    return max((math.prod(struct.unpack(">II", size)) for size in sizes), default=0)


def extension_of(format: str) -> str:
    """How a file's name ends, without the dot."""
    return {"JPEG": "jpg", "HEIF": "heic"}.get(format, format.lower())


def format_of(image: Image.Image) -> str:
    """MPO is a JPEG with more pictures behind it, as phones make them: depth, brightness."""
    return {"MPO": "JPEG"}.get(str(image.format), str(image.format))


@in_words
def encode(image: Image.Image, format: str, **options: Any) -> Rendition:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return Rendition(buffer.getvalue(), extension_of(format), CONTENT_TYPES[format])
