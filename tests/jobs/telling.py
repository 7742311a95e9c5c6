"""Files that tell more than a picture, and readers that take a container apart by its own rules.

Every secret that a file can carry beside its pixels is in here: where, when, by whom, with what,
and small or second pictures. The readers know the containers' grammar, so that nothing that the
imaging library overlooks goes unseen.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

from PIL import Image, PngImagePlugin, TiffImagePlugin

from tests.jobs.pictures import FAITHFUL, RED, encoded, quadrants, swapped_profile

SECRET = "Grandmother-at-59.3293N-18.0686E"
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
Entry = tuple[int, int, int, bytes]


def text(tag: int, words: str = SECRET) -> Entry:
    return tag, ASCII, len(words) + 1, words.encode() + b"\0"


def short(tag: int, number: int) -> Entry:
    return tag, SHORT, 1, struct.pack("<H", number)


def long(tag: int, number: int) -> Entry:
    return tag, LONG, 1, struct.pack("<I", number)


def degrees(tag: int) -> Entry:
    return tag, RATIONAL, 3, struct.pack("<6I", 59, 1, 19, 1, 4500, 100)


def raw(tag: int, data: bytes = SECRET.encode()) -> Entry:
    return tag, UNDEFINED, len(data), data


def directory(entries: list[Entry], at: int, following: int = 0) -> bytes:
    """One image file directory of TIFF 6.0 at this offset, with its values behind it."""
    table, values = struct.pack("<H", len(entries)), b""
    place = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, data in sorted(entries):
        field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", place + len(values))
        values += b"" if len(data) <= 4 else data
        table += struct.pack("<HHI", tag, kind, count) + field
    return table + struct.pack("<I", following) + values


def telling_exif(orientation: int = 1) -> bytes:
    """Camera data with owner, serial, maker note, place, time, and a small picture (IFD1)."""
    thumbnail = encoded(Image.new("RGB", (16, 16), RED), "JPEG", comment=SECRET)
    camera = [raw(0x927C), text(0xA431), raw(0x9286, b"ASCII\0\0\0" + SECRET.encode())]
    place = [text(1, "N"), degrees(2), text(3, "E"), degrees(4), text(29)]

    def built(camera_at: int, place_at: int, small_at: int, picture_at: int) -> list[bytes]:
        owner = [
            text(0x010E),
            text(0x013B),
            short(0x0112, orientation),
            long(0x8769, camera_at),
            long(0x8825, place_at),
        ]
        small = [short(0x0103, 6), long(0x0201, picture_at), long(0x0202, len(thumbnail))]
        return [
            directory(owner, 8, small_at),
            directory(camera, camera_at),
            directory(place, place_at),
            directory(small, small_at),
            thumbnail,
        ]

    offsets, at = [], 8
    for part in built(0, 0, 0, 0)[:-1]:
        at += len(part)
        offsets.append(at)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + b"".join(built(*offsets))


def xmp() -> bytes:
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def resource(number: int, data: bytes) -> bytes:
    """One of Photoshop's image resources."""
    padded = data + b"\0" * (len(data) % 2)
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + padded


def photoshop() -> bytes:
    """IPTC (caption, by-line, city) and Photoshop's own thumbnail."""
    iptc = b"".join(
        b"\x1c\x02" + bytes([field]) + struct.pack(">H", len(SECRET)) + SECRET.encode()
        for field in (120, 80, 90)
    )
    small = encoded(Image.new("RGB", (16, 16), RED), "JPEG", comment=SECRET)
    return b"Photoshop 3.0\0" + resource(0x0404, iptc) + resource(0x040C, bytes(28) + small)


def telling_jpeg(picture: Image.Image | None = None, *, orientation: int = 1, **more: Any) -> bytes:
    """With everything that a JPEG can tell, a second picture (MPF) and words behind the end."""
    data = encoded(
        picture or quadrants(),
        "MPO",
        save_all=True,
        append_images=[Image.new("RGB", (32, 24), RED)],
        exif=telling_exif(orientation),
        xmp=xmp(),
        comment=SECRET,
        dpi=(1234, 1234),
        **{"quality": 100, "subsampling": 0, **more},
    )
    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + bytes(8) + xmp()
    told = [
        segment(0xE0, b"JFXX\0\x13\x01\x01" + b"\xff\0\0"),  # a thumbnail of one pixel
        segment(0xE1, extended),
        segment(0xE4, SECRET.encode()),
        segment(0xEB, b"JP\0\x01" + SECRET.encode()),  # JUMBF: where it comes from
        segment(0xEC, b"Ducky" + SECRET.encode()),
        segment(0xED, photoshop()),
        segment(0xFE, SECRET.encode()),
        segment(0xFE, SECRET.encode("utf-16-le")),
    ]
    return data[:2] + b"".join(told) + data[2:] + SECRET.encode()


def telling_jpeg_with_a_profile() -> bytes:
    return telling_jpeg(icc_profile=swapped_profile() + SECRET.encode())


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def telling_png(picture: Image.Image | None = None, *, orientation: int = 1, **more: Any) -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", SECRET)
    words.add_text("Comment", SECRET, zip=True)
    words.add_itxt("XML:com.adobe.xmp", xmp().decode())
    words.add_itxt("Description", SECRET, lang="en", zip=True)
    words.add(b"tIME", b"\x07\x9d\x06\x01\x0c\x00\x00")
    words.add(b"prVt", SECRET.encode())
    data = encoded(
        picture or quadrants(),
        "PNG",
        pnginfo=words,
        exif=telling_exif(orientation),
        dpi=(1234, 1234),
        **more,
    )
    return data[:-12] + png_chunk(b"tEXt", b"Late\0" + SECRET.encode()) + data[-12:]


def telling_png_with_a_broken_profile() -> bytes:
    return telling_png(icc_profile=SECRET.encode())


def telling_tiff(picture: Image.Image | None = None, *, orientation: int = 1, **more: Any) -> bytes:
    """Scanner's words, XMP, IPTC, Photoshop's resources, camera and place."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = tags[315] = tags[305] = SECRET
    tags[274] = orientation
    tags[700] = xmp()
    tags[33723] = SECRET.encode()
    tags[34377] = photoshop()
    tags[34665] = {0xA431: SECRET, 0x927C: SECRET.encode()}
    tags[34853] = {1: "N", 2: (59.0, 19.0, 45.0), 29: SECRET}
    return encoded(picture or quadrants(), "TIFF", tiffinfo=tags, **more)


def telling_webp(picture: Image.Image | None = None, *, orientation: int = 1, **more: Any) -> bytes:
    return encoded(
        picture or quadrants(),
        "WEBP",
        exif=telling_exif(orientation),
        xmp=xmp(),
        lossless=True,
        **more,
    )


def telling_avif(picture: Image.Image | None = None, *, orientation: int = 1, **more: Any) -> bytes:
    return _telling_boxes("AVIF", picture, orientation=orientation, **more)


def telling_heic(picture: Image.Image | None = None, *, orientation: int = 1, **more: Any) -> bytes:
    return _telling_boxes("HEIF", picture, orientation=orientation, thumbnails=[32], **more)


def _telling_boxes(
    format: str, picture: Image.Image | None, *, orientation: int, **more: Any
) -> bytes:
    data = encoded(
        picture or quadrants(),
        format,
        exif=telling_exif(orientation),
        xmp=xmp(),
        **FAITHFUL[format],
        **more,
    )
    return data + struct.pack(">I", 8 + len(SECRET)) + b"free" + SECRET.encode()


def telling_gif() -> bytes:
    return encoded(quadrants(), "GIF", comment=SECRET.encode())


# --- Readers --------------------------------------------------------------------------------------
def png_chunks(data: bytes) -> list[bytes]:
    """Every chunk's name, to the very last byte."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        found.append(data[place + 4 : place + 8])
        place += length + 12
    assert place == len(data)
    return found


def jpeg_segments(data: bytes) -> list[int]:
    """Every marker from the start of the image to its end, which is the end of the file."""
    assert data.startswith(b"\xff\xd8")
    found: list[int] = []
    place = 2
    while True:
        assert data[place] == 0xFF, "between segments stands nothing"
        marker = data[place + 1]
        if marker == 0xD9:
            assert place + 2 == len(data), "behind the end stands nothing"
            return found
        found.append(marker)
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
        if marker == 0xDA:
            place = _end_of_scan(data, place)


def _end_of_scan(data: bytes, place: int) -> int:
    """Pixels hold no marker but restarts; a stuffed FF is followed by 00."""
    while data[place] != 0xFF or data[place + 1] in (0x00, *range(0xD0, 0xD8)):
        place += 1
    return place


def webp_chunks(data: bytes) -> list[bytes]:
    """Every chunk's name, to the very last byte."""
    assert (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    assert struct.unpack_from("<I", data, 4)[0] + 8 == len(data)
    found, place = [], 12
    while place < len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        found.append(data[place : place + 4])
        place += 8 + length + length % 2
    return found
