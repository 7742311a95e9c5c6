"""Bytes to pixels and back: the only module of the sandbox that knows picture files.

Promises bounded work: a picture's size is read and judged before its pixels are decoded.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]
"""A picture: height × width × 3, RGB, 0-255."""

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MAX_INPUT_PIXELS = 40_000_000
MAX_OUTPUT_PIXELS = 120_000_000
JPEG_QUALITY = 95
PNG_COMPRESSION = 3


class ImagingError(Exception):
    """A picture that cannot be restored; the message may be shown to the vendor's customer."""


class UndecodableInput(ImagingError):
    """Not a picture, or not one of `FORMATS`."""


class TooLarge(ImagingError):
    """The input or the output has more pixels than this sandbox takes on."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished picture file."""

    data: bytes
    media_type: str
    width_px: int
    height_px: int


def decode(data: bytes, *, scale: int = 1) -> Pixels:
    """The upright RGB pixels of a picture that will be enlarged `scale` times.

    Raises `UndecodableInput`, or `TooLarge` for the input or for the output to come.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        pixels = image.width * image.height
        if pixels > MAX_INPUT_PIXELS:
            raise TooLarge(f"Input too large: more than {MAX_INPUT_PIXELS // 1_000_000} megapixels")
        if pixels * scale * scale > MAX_OUTPUT_PIXELS:
            raise TooLarge(
                f"Output too large: more than {MAX_OUTPUT_PIXELS // 1_000_000} megapixels"
            )
        return np.asarray(ImageOps.exif_transpose(_on_white(image)).convert("RGB"))
    except Image.DecompressionBombError as error:
        raise TooLarge("Input too large") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UndecodableInput(
            "The input is not a readable jpeg, png, gif or webp image"
        ) from error


def encode(pixels: Pixels, output_format: str = "png") -> Encoded:
    """`pixels` as a ``png`` or a ``jpg`` file, with no metadata."""
    height, width = pixels.shape[:2]
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    if output_format == "jpg":
        options, media_type = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY], "image/jpeg"
    else:
        options, media_type = [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION], "image/png"
    _, data = cv2.imencode(f".{output_format}", bgr, options)
    return Encoded(data.tobytes(), media_type, width, height)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    rgba = image.convert("RGBA")
    exif = image.getexif()
    flat = Image.new("RGB", image.size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    flat.info["exif"] = exif.tobytes()
    return flat
