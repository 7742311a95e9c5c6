"""What a member uploads: looked at before it is stored, and the copies that are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from facefinder import find_faces
from jobs.images.faces import strip_of_faces
from jobs.images.files import (
    FORMATS,
    Rendition,
    UnreadableImage,
    encode,
    format_of,
    in_words,
    open_picture,
)
from jobs.images.pixels import PREVIEW_SIDE_PX, clean, shrunk, upright

LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})
SEVERAL = {
    "TIFF": gettext_noop("This file has several pages: only the first is restored."),
    "HEIF": gettext_noop("This file has several pictures: only its main one is restored."),
}
ANIMATED = gettext_noop("This file is animated: only its first frame is restored.")
SMALLEST_SIDE_PX = 16
THUMBNAIL_SIDE_PX = 480
VEILED_SIDE_PX = 16  # nobody can be recognised in it, however large it is shown


@dataclass(frozen=True)
class Facts:
    """What an upload is. `note` is empty, or something that the member should know."""

    format: str
    width_px: int
    height_px: int
    note: str


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
    faces_strip: Rendition | None


@in_words
def inspect(file: BinaryIO) -> Facts:
    """Look at an upload and decode it whole, so that nothing broken is stored.

    Raises UnreadableImage.
    """
    image = open_picture(file, FORMATS, settings.UPLOAD_MAX_PIXELS)
    seen = upright(image)
    if min(seen.size) < SMALLEST_SIDE_PX:
        raise UnreadableImage(_("This picture is too small to restore."))
    format = format_of(image)
    note = ""
    if format != "JPEG" and getattr(image, "n_frames", 1) > 1:
        note = SEVERAL.get(format, ANIMATED)
    return Facts(format, seen.width, seen.height, note)


def prepare(file: BinaryIO) -> Prepared:
    """Make the copies. None carries any metadata: pixels are upright, colours are sRGB.

    Raises UnreadableImage.
    """
    image = open_picture(file, FORMATS, settings.UPLOAD_MAX_PIXELS)
    bare = clean(image)
    if format_of(image) in LOSSY:
        copy = encode(bare, "JPEG", quality=95, subsampling=0, optimize=True)
    else:
        copy = encode(bare, "PNG")
    faces = [
        {"x": int(f.x), "y": int(f.y), "width": int(f.width), "height": int(f.height)}
        for f in find_faces(np.asarray(bare))
    ]
    return Prepared(
        copy=copy,
        preview=shrunk(bare, PREVIEW_SIDE_PX),
        thumbnail=shrunk(bare, THUMBNAIL_SIDE_PX),
        veiled=shrunk(bare, VEILED_SIDE_PX),
        width_px=bare.width,
        height_px=bare.height,
        faces=faces,
        faces_strip=strip_of_faces(bare, faces, photo_width_px=bare.width),
    )
