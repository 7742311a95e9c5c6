"""jobs.images: pictures stand upright and their colours are sRGB, however the file says them."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs import images
from tests.jobs.pictures import (
    BLUE,
    FAITHFUL,
    GREEN,
    LAID_DOWN,
    RED,
    SIZE,
    WHITE,
    assert_near,
    assert_upright,
    decoded,
    encoded,
    prepared,
    quadrants,
    swapped_profile,
)


@pytest.fixture(autouse=True)
def _no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are tests/facefinder's question."""
    monkeypatch.setattr(images.uploads, "find_faces", lambda pixels: [])


# --- Upright --------------------------------------------------------------------------------
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", LAID_DOWN)
def test_a_photo_is_turned_upright_as_its_camera_meant_it(orientation: int, format: str):
    how = LAID_DOWN[orientation]
    laid = quadrants() if how is None else quadrants().transpose(how)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(laid, format, exif=exif.tobytes(), **FAITHFUL.get(format, {}))
    facts = images.inspect(io.BytesIO(data))
    assert (facts.width_px, facts.height_px) == SIZE
    made = images.prepare(io.BytesIO(data))
    assert (made.width_px, made.height_px) == SIZE
    for rendition in (made.copy, made.preview, made.thumbnail):
        assert_upright(decoded(rendition), within=40)
        assert decoded(rendition).getexif().get(0x0112) is None


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0garbage",
        b"Exif\0\0not a TIFF header at all",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\1" * 40,
        b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\x09\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\1\0\0\0\xff\xff\xff\xff\0\0\0\0",
    ],
)
def test_camera_data_that_cannot_be_read_leaves_the_picture_as_it_is(exif: bytes):
    # With its resolution said elsewhere, Pillow looks at the camera's data for the first time when
    # the picture is turned.
    data = encoded(quadrants(), "JPEG", exif=exif, quality=100, subsampling=0, dpi=(300, 300))
    assert images.inspect(io.BytesIO(data)).width_px == 64
    assert_upright(prepared(data))


# --- Colours --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("format", "mode"),
    [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("AVIF", "RGBA"), ("HEIF", "RGBA")],
)
def test_colours_are_converted_from_the_files_profile(format: str, mode: str):
    image = Image.new(mode, SIZE, (*RED, 255)[: len(mode)])
    data = encoded(image, format, icc_profile=swapped_profile())
    assert_near(prepared(data).getpixel((30, 20)), GREEN)


def test_a_grey_picture_with_a_profile_stays_grey():
    gray = Image.new("L", SIZE, 128)
    data = encoded(gray, "PNG", icc_profile=swapped_profile())
    assert_near(prepared(data).getpixel((30, 20)), (128, 128, 128))


@pytest.mark.parametrize("profile", [b"rubbish", b"\0" * 128, swapped_profile()[:200]])
def test_a_profile_that_cannot_be_read_leaves_the_pixels_as_they_are(profile: bytes):
    data = encoded(Image.new("RGB", SIZE, RED), "PNG", icc_profile=profile)
    assert prepared(data).getpixel((30, 20)) == RED


def test_sixteen_bits_become_eight_with_black_and_white_in_their_places():
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    for format in ("PNG", "TIFF"):
        made = prepared(encoded(Image.fromarray(ramp), format))
        assert made.getpixel((0, 0)) == (0, 0, 0)
        assert made.getpixel((63, 0)) == WHITE
        assert_near(made.getpixel((32, 0)), (129, 129, 129), within=2)


def test_what_is_transparent_lies_on_white():
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 32, 48))
    image.paste((0, 0, 0, 128), (32, 24, 64, 48))
    made = prepared(encoded(image, "PNG"))
    assert made.getpixel((10, 10)) == RED
    assert made.getpixel((50, 10)) == WHITE
    assert_near(made.getpixel((50, 40)), (127, 127, 127), within=2)


def test_a_palettes_transparent_colour_lies_on_white():
    image = Image.new("P", SIZE, 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, 32, 48))
    for format in ("PNG", "GIF"):
        made = prepared(encoded(image, format, transparency=0))
        assert made.getpixel((10, 10)) == WHITE
        assert made.getpixel((50, 10)) == BLUE


def test_printing_inks_become_light():
    inks = Image.new("CMYK", SIZE, (0, 255, 255, 0))
    for format in ("JPEG", "TIFF"):
        assert_near(prepared(encoded(inks, format)).getpixel((30, 20)), RED)


# --- Profiles that change colours -----------------------------------------------------------
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
D50 = (0.9642, 1.0, 0.8249)


def profile(space: bytes, gamma: float, primaries: tuple[Any, ...] = ()) -> bytes:
    """A display profile of ICC.1:2001: matrix and curve for RGB, a curve alone for grey."""

    def xyz(point: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(part * 65536) for part in point))

    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    words = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79)
    tags = {b"desc": words, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(D50)}
    if space == b"GRAY":
        tags[b"kTRC"] = curve
    for letter, point in zip(b"rgb", primaries, strict=False):
        tags[bytes([letter]) + b"XYZ"], tags[bytes([letter]) + b"TRC"] = xyz(point), curve
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    header = bytearray(128)
    header[8:12] = struct.pack(">I", 0x02100000)
    header[12:24] = b"mntr" + space + b"XYZ "
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">3i", *(round(part * 65536) for part in D50))
    header[0:4] = struct.pack(">I", at + len(body))
    return bytes(header) + table + body


def in_srgb(linear: Any) -> tuple[int, int, int]:
    """IEC 61966-2-1, from light to numbers."""
    light = np.clip(np.asarray(linear, dtype=float), 0, 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    red, green, blue = (int(part) for part in np.round(curve * 255))
    return red, green, blue


def seen(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """What Adobe RGB's numbers look like, in sRGB; worked out without a colour library."""
    light = (np.asarray(colour) / 255) ** (563 / 256)
    return in_srgb(np.linalg.solve(np.transpose(SRGB), np.transpose(ADOBE_RGB) @ light))


WIDE = profile(b"RGB ", 563 / 256, ADOBE_RGB)
LINEAR_GREY = profile(b"GRAY", 1.0)
SKIN, LEAF = (200, 150, 120), (90, 140, 80)


@pytest.mark.parametrize("colour", [SKIN, LEAF, (128, 128, 128)])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_wide_gamuts_numbers_become_what_is_seen(format: str, colour: tuple[int, int, int]):
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    picture = Image.new("RGB", SIZE, colour)
    data = encoded(picture, format, icc_profile=WIDE, **options.get(format, {}))
    assert_near(prepared(data).getpixel((30, 20)), seen(colour), within=3)


def test_the_profile_of_these_tests_changes_what_is_seen():
    for colour in (SKIN, LEAF):
        assert max(abs(a - b) for a, b in zip(seen(colour), colour, strict=True)) > 8


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_a_palettes_colours_are_converted_too(format: str):
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([*LEAF, *SKIN])
    picture.paste(0, (0, 0, 32, 48))
    made = prepared(encoded(picture, format, icc_profile=WIDE))
    assert_near(made.getpixel((10, 20)), seen(LEAF), within=3)
    assert_near(made.getpixel((50, 20)), seen(SKIN), within=3)


def test_a_palettes_transparent_colour_lies_on_white_beside_converted_ones():
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([*LEAF, *SKIN])
    picture.paste(0, (0, 0, 32, 48))
    made = prepared(encoded(picture, "PNG", icc_profile=WIDE, transparency=0))
    assert made.getpixel((10, 20)) == WHITE
    assert_near(made.getpixel((50, 20)), seen(SKIN), within=3)


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_greys_are_converted_with_and_without_alpha(format: str, mode: str):
    picture = Image.new(mode, SIZE, 128 if mode == "L" else (128, 255))
    made = prepared(encoded(picture, format, icc_profile=LINEAR_GREY))
    assert_near(made.getpixel((30, 20)), in_srgb([128 / 255] * 3), within=3)


def test_a_grey_with_alpha_lies_on_white_after_its_conversion():
    picture = Image.new("LA", SIZE, (128, 255))
    picture.paste((0, 0), (0, 0, 32, 48))
    made = prepared(encoded(picture, "PNG", icc_profile=LINEAR_GREY))
    assert made.getpixel((10, 20)) == WHITE
    assert_near(made.getpixel((50, 20)), in_srgb([128 / 255] * 3), within=3)


def test_a_key_colour_stays_transparent_though_a_profile_converts_the_rest():
    picture = Image.new("RGB", SIZE, SKIN)
    picture.paste(LEAF, (0, 0, 32, 48))
    made = prepared(encoded(picture, "PNG", icc_profile=WIDE, transparency=LEAF))
    assert made.getpixel((10, 20)) == WHITE
    assert_near(made.getpixel((50, 20)), seen(SKIN), within=3)


@pytest.mark.parametrize(("mode", "colours"), [("RGB", LINEAR_GREY), ("L", WIDE)])
def test_a_profile_for_other_colours_than_the_files_is_ignored(mode: str, colours: bytes):
    picture = Image.new("RGB", SIZE, (90, 90, 90)).convert(mode)
    assert prepared(encoded(picture, "PNG", icc_profile=colours)).getpixel((9, 9)) == (90, 90, 90)
