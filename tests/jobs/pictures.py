"""Pictures that show how they are turned and coloured, and what became of them."""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Any

from PIL import Image, ImageCms

from jobs import images

SIZE = (64, 48)
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
# How a picture lies in the file whose camera says so.
LAID_DOWN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
# How to write a format so that its pixels come back as they were, or nearly so.
FAITHFUL: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1, "chroma": 444},
}


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def quadrants() -> Image.Image:
    """Red, green, blue and white from the top left, line by line: it shows how it is turned."""
    image = Image.new("RGB", SIZE, WHITE)
    for colour, corner in ((RED, (0, 0)), (GREEN, (32, 0)), (BLUE, (0, 24))):
        image.paste(colour, (*corner, corner[0] + 32, corner[1] + 24))
    return image


def noise(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    pixels = random.Random(seed).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, pixels)


def prepared(data: bytes) -> Image.Image:
    """The vendor's copy of a file, decoded."""
    return decoded(images.prepare(io.BytesIO(data)).copy)


def decoded(rendition: images.Rendition) -> Image.Image:
    image = Image.open(io.BytesIO(rendition.data))
    image.load()
    return image


def assert_near(pixel: Any, colour: tuple[int, int, int], *, within: int = 12) -> None:
    assert max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= within, pixel


def assert_upright(image: Image.Image, **tolerance: int) -> None:
    assert image.size == SIZE
    places = {(16, 12): RED, (48, 12): GREEN, (16, 36): BLUE, (48, 36): WHITE}
    for place, colour in places.items():
        assert_near(image.getpixel(place), colour, **tolerance)


@cache  # it holds the second in which it was made
def swapped_profile() -> bytes:
    """sRGB with its red and green primaries exchanged: what a file calls red is seen as green."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")
