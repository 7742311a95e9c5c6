"""Pictures as files: which we take, how they are opened and written.

Whatever a hostile file makes the library raise becomes `UnreadableImage`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, BinaryIO, ParamSpec, TypeVar

from PIL import Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF")
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
}
DAMAGED = "This picture is damaged: the file ends early or is broken."

P = ParamSpec("P")
R = TypeVar("R")

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
            image = Image.open(file, formats=formats)
            pixels = image.width * image.height
            if pixels > max_pixels:
                raise UnreadableImage(
                    f"This picture has {-(-pixels // 1_000_000)} megapixels; "
                    f"the most we can take is {max_pixels // 1_000_000}."
                )
            image.load()
    except UnreadableImage:
        raise
    except UnidentifiedImageError as problem:
        raise UnreadableImage(
            "This is not a picture that we can read. JPEG, PNG, WebP, GIF and TIFF are welcome."
        ) from problem
    except Exception as problem:  # a decoder may raise anything on hostile bytes
        raise UnreadableImage(DAMAGED) from problem
    return image


def format_of(image: Image.Image) -> str:
    """MPO is a JPEG with more pictures behind it, as phones make them: depth, brightness."""
    return {"MPO": "JPEG"}.get(str(image.format), str(image.format))


@in_words
def encode(image: Image.Image, format: str, **options: Any) -> Rendition:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    extension = {"JPEG": "jpg"}.get(format, format.lower())
    return Rendition(buffer.getvalue(), extension, CONTENT_TYPES[format])
