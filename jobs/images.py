"""The only door to the imaging library.

Reads what a member uploaded, makes the copies that the site shows and the one that a vendor may
fetch, and checks what a vendor sends back. Every failure is `UnreadableImage`, in the member's
words. Sizes are pixels as seen upright.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, BinaryIO, ParamSpec, TypeVar

import numpy as np
from django.conf import settings
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from facefinder import find_faces

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF")
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
}
RESULT_FORMATS = ("PNG", "JPEG")
LOSSY = frozenset({"JPEG", "WEBP"})
DAMAGED = "This picture is damaged: the file ends early or is broken."
SMALLEST_SIDE_PX = 16
PREVIEW_SIDE_PX = 1600
THUMBNAIL_SIDE_PX = 480
VEILED_SIDE_PX = 16  # nobody can be recognised in it, however large it is shown
SEE_THROUGH = {"LA": "L", "RGBA": "RGB"}  # and what is left without alpha
SRGB = ImageCms.createProfile("sRGB")

P = ParamSpec("P")
R = TypeVar("R")

# Our own limits are checked on the header before a pixel is decoded; Pillow's guess is not needed.
Image.MAX_IMAGE_PIXELS = None


class UnreadableImage(Exception):
    """Not a picture that we can take. The message is for the member."""


@dataclass(frozen=True)
class Facts:
    """What an upload is. `note` is empty, or something that the member should know."""

    format: str
    width_px: int
    height_px: int
    note: str


@dataclass(frozen=True)
class Rendition:
    """One encoded copy."""

    data: bytes
    extension: str
    content_type: str


@dataclass(frozen=True)
class Prepared:
    """The copies made of an upload; `faces` are boxes in px of `copy`, largest first."""

    copy: Rendition
    preview: Rendition
    thumbnail: Rendition
    veiled: Rendition
    width_px: int
    height_px: int
    faces: list[dict[str, int]]


@dataclass(frozen=True)
class Result:
    """A vendor's picture, found whole."""

    format: str
    width_px: int
    height_px: int
    preview: Rendition


def _in_words(look: Callable[P, R]) -> Callable[P, R]:
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


@_in_words
def inspect(file: BinaryIO) -> Facts:
    """Look at an upload and decode it whole, so that nothing broken is stored.

    Raises UnreadableImage.
    """
    image = _open(file, FORMATS, settings.UPLOAD_MAX_PIXELS)
    upright = _upright(image)
    if min(upright.size) < SMALLEST_SIDE_PX:
        raise UnreadableImage("This picture is too small to restore.")
    format = _format(image)
    note = ""
    if format != "JPEG" and getattr(image, "n_frames", 1) > 1:
        note = (
            "This file has several pages: only the first is restored."
            if format == "TIFF"
            else "This file is animated: only its first frame is restored."
        )
    return Facts(format, upright.width, upright.height, note)


def prepare(file: BinaryIO) -> Prepared:
    """Make the copies. None carries any metadata: pixels are upright, colours are sRGB.

    Raises UnreadableImage.
    """
    image = _open(file, FORMATS, settings.UPLOAD_MAX_PIXELS)
    clean = _clean(image)
    if _format(image) in LOSSY:
        copy = _encode(clean, "JPEG", quality=95, subsampling=0, optimize=True)
    else:
        copy = _encode(clean, "PNG")
    faces = find_faces(np.asarray(clean))
    return Prepared(
        copy=copy,
        preview=_shrunk(clean, PREVIEW_SIDE_PX),
        thumbnail=_shrunk(clean, THUMBNAIL_SIDE_PX),
        veiled=_shrunk(clean, VEILED_SIDE_PX),
        width_px=clean.width,
        height_px=clean.height,
        faces=[
            {"x": int(f.x), "y": int(f.y), "width": int(f.width), "height": int(f.height)}
            for f in faces
        ],
    )


@_in_words
def check_result(file: BinaryIO, *, width_px: int, height_px: int) -> Result:
    """Decode a vendor's picture whole, and see that it is of the photo's shape.

    A few percent of difference in shape is allowed: models round to multiples of their own.
    Raises UnreadableImage.
    """
    image = _open(file, RESULT_FORMATS, settings.RESULT_MAX_PIXELS)
    expected, got = width_px / height_px, image.width / image.height
    if not 0.9 < got / expected < 1.1:
        raise UnreadableImage("The result has another shape than the photo.")
    return Result(
        _format(image), image.width, image.height, _shrunk(_clean(image), PREVIEW_SIDE_PX)
    )


def _format(image: Image.Image) -> str:
    """MPO is a JPEG with more pictures behind it, as phones make them: depth, brightness."""
    return {"MPO": "JPEG"}.get(str(image.format), str(image.format))


def _open(file: BinaryIO, formats: tuple[str, ...], max_pixels: int) -> Image.Image:
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


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its camera data says; data that can't be read says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ImageOps.exif_transpose(image)
        except Exception:
            return image


@_in_words
def _clean(image: Image.Image) -> Image.Image:
    """Upright 8-bit sRGB pixels on white, and nothing else."""
    upright = _with_plain_colours(_eight_bits(_upright(image)))
    if profile := image.info.get("icc_profile"):
        upright = _to_srgb(upright, profile)
    if upright.mode in SEE_THROUGH:
        layer = upright.convert("RGBA")
        page = Image.new("RGBA", layer.size, "white")
        upright = Image.alpha_composite(page, layer)
    clean = upright.convert("RGB")
    bare = Image.new("RGB", clean.size)
    bare.paste(clean)
    return bare


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image).astype(np.float64)
        top = 65535.0 if image.mode != "F" else max(float(values.max()), 1.0)
        return Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
    return image


def _with_plain_colours(image: Image.Image) -> Image.Image:
    """Without palette, key colour or luma: grey or RGB, perhaps with alpha. Inks and LAB stay."""
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        return image.convert("LA" if grey else "RGBA")
    if image.mode in ("CMYK", "LAB"):
        return image
    return image.convert("L" if grey else "RGB")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A profile that can't be read, or is for other colours, is ignored: the pixels stay."""
    colours = image.convert(SEE_THROUGH[image.mode]) if image.mode in SEE_THROUGH else image
    try:
        converted = ImageCms.profileToProfile(
            colours, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB, outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if converted is None:
        return image
    if image.mode in SEE_THROUGH:
        converted.putalpha(image.getchannel("A"))
    return converted


def _shrunk(image: Image.Image, side_px: int) -> Rendition:
    small = image.copy()
    small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return _encode(small, "WEBP", quality=82, method=4)


@_in_words
def _encode(image: Image.Image, format: str, **options: Any) -> Rendition:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    extension = {"JPEG": "jpg"}.get(format, format.lower())
    return Rendition(buffer.getvalue(), extension, CONTENT_TYPES[format])
