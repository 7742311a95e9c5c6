"""Pictures to send: a small real one, and some that nobody should send."""

from __future__ import annotations

import hashlib
import io
import secrets
import struct
import zlib
from functools import cache
from pathlib import Path

from PIL import ExifTags, Image

SAMPLES = Path(__file__).parents[2] / "sandbox" / "samples"
PLACE = {1: "N", 2: (53.0, 52.0, 0.0), 3: "E", 4: (10.0, 41.0, 0.0)}


@cache
def small_photo() -> bytes:
    """A portrait of 0.08 MP, restored in a moment."""
    with Image.open(SAMPLES / "grace-hopper-damaged.jpg") as image:
        return _encoded(image.resize((256, 300)), "JPEG", quality=90)


@cache
def tinted_photo(title: str) -> bytes:
    """The small one, toned after its title: another picture for another title."""
    tint = "#" + hashlib.sha256(title.encode()).hexdigest()[:6]
    with Image.open(io.BytesIO(small_photo())) as image:
        toned = Image.blend(image.convert("RGB"), Image.new("RGB", image.size, tint), 0.2)
    return _encoded(toned, "JPEG", quality=90)


def new_photo() -> bytes:
    """A toned one that nobody has sent before: a member's second of the same is not taken."""
    return tinted_photo(secrets.token_hex(8))


def placed_photo(title: str) -> bytes:
    """One that says where it was taken."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(PLACE)
    with Image.open(io.BytesIO(tinted_photo(title))) as image:
        return _encoded(image, "JPEG", quality=90, exif=exif)


def truncated() -> bytes:
    whole = small_photo()
    return whole[: len(whole) // 2]


def animated() -> bytes:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("navy", "peru", "olive")]
    return _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)


def enormous(side_px: int = 30_000) -> bytes:
    """A whole black PNG of a quarter of a megabyte at most, 900 megapixels when unpacked."""
    packer = zlib.compressobj(1)
    row = bytes(1 + side_px // 8)  # no filter, one bit a pixel
    rows = b"".join([*(packer.compress(row) for _ in range(side_px)), packer.flush()])
    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
