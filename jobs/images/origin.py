"""What the original says of itself that is worth taking along: time, place, size, colours."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from jobs.images.files import FORMATS, in_words

EXIF_TIME = "%Y:%m:%d %H:%M:%S"
OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")
MOST_DPI = 100_000


@dataclass(frozen=True, kw_only=True)
class Origin:
    """`taken` is EXIF's own text ("1962:06:03 14:00:00"), `offset` its zone, both perhaps empty.

    `dpi` are dots per inch of the picture as it stands upright, None when it does not say.
    """

    taken: str = ""
    offset: str = ""
    dpi: tuple[float, float] | None = None
    icc: bytes | None = None
    gps: dict[int, Any] = field(default_factory=dict)

    @property
    def taken_iso(self) -> str:
        """As ISO 8601, for XMP."""
        if not self.taken:
            return ""
        return datetime.strptime(self.taken, EXIF_TIME).isoformat() + self.offset


@in_words
def origin(file: BinaryIO) -> Origin:
    """Read the header of an original; what can't be read says nothing. Raises UnreadableImage."""
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(file, formats=FORMATS)
        exif = _exif(image)
        if exif is None:
            return Origin(dpi=_dpi(image, turned=False), icc=_icc(image))
        camera = exif.get_ifd(ExifTags.IFD.Exif)
        taken = _time(camera.get(ExifTags.Base.DateTimeOriginal))
        offset = str(camera.get(ExifTags.Base.OffsetTimeOriginal) or "").strip()
        return Origin(
            taken=taken,
            offset=offset if taken and OFFSET.fullmatch(offset) else "",
            dpi=_dpi(image, turned=exif.get(ExifTags.Base.Orientation, 1) >= 5),
            icc=_icc(image),
            gps=dict(exif.get_ifd(ExifTags.IFD.GPSInfo)),
        )


def _icc(image: Image.Image) -> bytes | None:
    """Only of RGB pictures: a result has no inks and no greys."""
    return image.info.get("icc_profile") if image.mode == "RGB" else None


def _exif(image: Image.Image) -> Image.Exif | None:
    try:
        exif = image.getexif()
        exif.get_ifd(ExifTags.IFD.Exif)
        exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # a hostile block may raise anything; the picture is still a picture
        return None
    return exif


def _time(said: object) -> str:
    """EXIF's text, if it is a time: scanners write blanks and zeros for "unknown"."""
    text = str(said or "").strip().strip("\x00")
    try:
        datetime.strptime(text, EXIF_TIME)
    except ValueError:
        return ""
    return text


def _dpi(image: Image.Image, *, turned: bool) -> tuple[float, float] | None:
    said = image.info.get("dpi")
    try:
        across, down = (float(value) for value in said or ())
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not (1 < across <= MOST_DPI and 1 < down <= MOST_DPI):
        return None  # 0, 1 and "inf" are what programs write that don't know
    return (down, across) if turned else (across, down)
