"""The pixels of a picture, as everybody should see them: upright, 8-bit, sRGB, and nothing else."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image, ImageCms, ImageOps

from jobs.images.files import Rendition, encode, in_words

SEE_THROUGH = {"LA": "L", "RGBA": "RGB"}  # and what is left without alpha
PREVIEW_SIDE_PX = 1280  # twice what a phone shows; who looks closer is sent the picture itself
SRGB = ImageCms.createProfile("sRGB")


def upright(image: Image.Image) -> Image.Image:
    """Turned as its camera data says; data that can't be read says nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ImageOps.exif_transpose(image)
        except Exception:
            return image


@in_words
def clean(image: Image.Image) -> Image.Image:
    """Upright 8-bit sRGB pixels on white, and nothing else."""
    seen = _with_plain_colours(_eight_bits(upright(image)))
    if profile := image.info.get("icc_profile"):
        seen = _to_srgb(seen, profile)
    if seen.mode in SEE_THROUGH:
        layer = seen.convert("RGBA")
        page = Image.new("RGBA", layer.size, "white")
        seen = Image.alpha_composite(page, layer)
    colours = seen.convert("RGB")
    bare = Image.new("RGB", colours.size)
    bare.paste(colours)
    return bare


def shrunk(image: Image.Image, side_px: int) -> Rendition:
    small = image.copy()
    small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return encode(small, "WEBP", quality=76, method=4)


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
