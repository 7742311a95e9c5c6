"""A restored picture as its owner takes it home, in the format they like, saying what it is.

Pixels stay as they are, save for a change of format, the original's colour space, and a visible
mark if asked for. The time of the original, its colours and its printed size are carried over; the
place only if asked for.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageFont, PngImagePlugin

from jobs.images.files import in_words, open_picture
from jobs.images.origin import Origin
from jobs.images.pixels import SRGB

KEEPSAKE_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
INCH = 2  # EXIF's code for "per inch"
XMP_TAG = 700  # TIFF's tag for an XMP packet (ISO 16684-3)
ENCODING: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0, "optimize": True},
    "PNG": {},
    "WEBP": {"quality": 92, "method": 4},
    # Not packed: archives like it so, and Pillow writes EXIF's inner parts in no other way.
    "TIFF": {"compression": "raw"},
}
MARK_SHARE = 40  # the mark is as high as the shorter side divided by this
SMALLEST_MARK_PX = 11


@in_words
def keepsake(
    result: BinaryIO,
    into: BinaryIO,
    *,
    format: str,
    xmp: bytes,
    origin: Origin,
    original_width_px: int,
    max_pixels: int,
    with_place: bool = False,
    mark: str = "",
) -> None:
    """Write a result in one of KEEPSAKE_FORMATS. Raises UnreadableImage.

    `original_width_px` is of the original as seen upright: the result has its printed size.
    """
    image = open_picture(result, ("PNG", "JPEG"), max_pixels)
    came_as = image.format
    pixels, icc = _in_colours_of(image, origin)
    if mark:
        pixels = _marked(pixels, mark)
    options = dict(ENCODING[format])
    if pixels is image and format == came_as == "JPEG":
        options = {"quality": "keep"}
    dpi = _dpi(origin, image.width / original_width_px)
    if dpi:
        options["dpi"] = dpi
    options["icc_profile"] = icc
    options["exif"] = _exif(origin, dpi, with_place=with_place)
    if format == "PNG":
        said = PngImagePlugin.PngInfo()
        said.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options["pnginfo"] = said
    elif format == "TIFF":
        options["exif"][XMP_TAG] = xmp
        options["exif"] = options["exif"].tobytes()  # only so does Pillow see the parts below it
    else:
        options["xmp"] = xmp
    _without_its_own_words(pixels)
    pixels.save(into, format, **options)


def _in_colours_of(image: Image.Image, origin: Origin) -> tuple[Image.Image, bytes]:
    """The pixels in the original's colour space, and its profile; sRGB when it had none of use."""
    own = image.info.get("icc_profile")
    if own is None and origin.icc is None and image.mode in ("RGB", "L"):
        return image, _srgb()
    flat = image if image.mode == "RGB" else image.convert("RGB")
    source = _profile(own) or SRGB
    target = _profile(origin.icc)
    try:
        converted = ImageCms.profileToProfile(flat, source, target or SRGB, outputMode="RGB")
    except ImageCms.PyCMSError:  # a profile for other colours than these
        return flat, own or _srgb()
    return converted or flat, (origin.icc if target and origin.icc else _srgb())


def _profile(icc: bytes | None) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc)) if icc else None
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(SRGB).tobytes()


def _dpi(origin: Origin, scale: float) -> tuple[float, float] | None:
    return (origin.dpi[0] * scale, origin.dpi[1] * scale) if origin.dpi else None


def _exif(origin: Origin, dpi: tuple[float, float] | None, *, with_place: bool) -> Image.Exif:
    exif = Image.Exif()
    if dpi:  # WebP has no other place for it
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = dpi
        exif[ExifTags.Base.ResolutionUnit] = INCH
    if origin.taken:
        camera = exif.get_ifd(ExifTags.IFD.Exif)
        camera[ExifTags.Base.DateTimeOriginal] = origin.taken
        if origin.offset:
            camera[ExifTags.Base.OffsetTimeOriginal] = origin.offset
    if with_place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(origin.gps)
    return exif


def _marked(image: Image.Image, words: str) -> Image.Image:
    """With the words in its lower right corner, on a dark ground that one can see through."""
    marked = image.convert("RGBA")
    size = max(min(image.size) // MARK_SHARE, SMALLEST_MARK_PX)
    font = ImageFont.load_default(size)
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    left, top, right, bottom = draw.textbbox((0, 0), words, font=font)
    gap = size // 2
    width, height = right - left + 2 * gap, bottom - top + 2 * gap
    x, y = max(image.width - width - gap, 0), max(image.height - height - gap, 0)
    draw.rounded_rectangle((x, y, x + width, y + height), radius=gap, fill=(20, 18, 16, 150))
    draw.text((x + gap - left, y + gap - top), words, font=font, fill=(255, 255, 255, 235))
    return Image.alpha_composite(marked, layer).convert("RGB")


def _without_its_own_words(image: Image.Image) -> None:
    """What the vendor's file said of itself does not go along: our label says it."""
    for key in ("exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop", "dpi", "icc_profile"):
        image.info.pop(key, None)
    if hasattr(image, "text"):
        image.info = {
            key: value for key, value in image.info.items() if key not in dict(image.text)
        }
