"""jobs.images: what goes out is pixels alone, whatever the file told; the original stays."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import ExifTags, Image

from jobs import images, storage
from jobs.models import PhotoState
from jobs.steps import intake
from tests.builders import make_member, run
from tests.jobs import telling
from tests.jobs.pictures import (
    BLUE,
    GREEN,
    LAID_DOWN,
    RED,
    SIZE,
    WHITE,
    assert_upright,
    decoded,
    swapped_profile,
)
from tests.jobs.telling import SECRET, jpeg_segments, png_chunks, webp_chunks

Telling = Callable[..., bytes]
ALL: list[Telling] = [
    telling.telling_jpeg,
    telling.telling_jpeg_with_a_profile,
    telling.telling_png,
    telling.telling_png_with_a_broken_profile,
    telling.telling_tiff,
    telling.telling_webp,
    telling.telling_gif,
    telling.telling_avif,
    telling.telling_heic,
]
TURNED: list[Telling] = [
    telling.telling_jpeg,
    telling.telling_png,
    telling.telling_tiff,
    telling.telling_webp,
    telling.telling_avif,
    telling.telling_heic,
]


@pytest.fixture(autouse=True)
def _no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are tests/facefinder's question."""
    monkeypatch.setattr(images.uploads, "find_faces", lambda pixels: [])


def assert_bare(rendition: images.Rendition) -> None:
    """Nothing but what decoding needs, to the last byte of the container."""
    data = rendition.data
    assert SECRET.encode() not in data
    assert SECRET.encode("utf-16-le") not in data
    match rendition.extension:
        case "png":
            chunks = png_chunks(data)
            assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}
            assert (chunks[0], chunks[-1]) == (b"IHDR", b"IEND")
        case "jpg":
            # JFIF header, quantisers, frame, Huffman tables, scan. One of each picture's own.
            segments = jpeg_segments(data)
            assert set(segments) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
            assert [segments.count(once) for once in (0xE0, 0xC0, 0xDA)] == [1, 1, 1]
        case "webp":
            assert webp_chunks(data) == [b"VP8 "]
        case other:
            raise AssertionError(other)
    image = decoded(rendition)
    assert len(image.getexif()) == 0
    assert not {"exif", "xmp", "comment", "photoshop", "icc_profile", "mp"} & image.info.keys()


def renditions(made: images.Prepared) -> list[images.Rendition]:
    return [made.copy, made.preview, made.thumbnail, made.veiled]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_no_copy_says_anything_but_pixels(kind: Telling):
    original = kind()
    assert SECRET.encode() in original
    for rendition in renditions(images.prepare(io.BytesIO(original))):
        assert_bare(rendition)


@pytest.mark.parametrize("orientation", LAID_DOWN)
@pytest.mark.parametrize("kind", TURNED, ids=lambda kind: kind.__name__)
def test_upright_in_srgb_and_bare_from_a_file_that_has_all_of_it(kind: Telling, orientation: int):
    """Turned by its camera data, coloured by its profile, and neither goes along."""
    seen_as = Image.new("RGB", SIZE, WHITE)  # the profile exchanges red and green
    for colour, corner in ((GREEN, (0, 0)), (RED, (32, 0)), (BLUE, (0, 24))):
        seen_as.paste(colour, (*corner, corner[0] + 32, corner[1] + 24))
    how = LAID_DOWN[orientation]
    laid = seen_as if how is None else seen_as.transpose(how)
    data = kind(laid, orientation=orientation, icc_profile=swapped_profile())
    made = images.prepare(io.BytesIO(data))
    assert (made.width_px, made.height_px) == SIZE
    assert_upright(decoded(made.copy), within=6)
    for rendition in renditions(made):
        assert_bare(rendition)


def test_the_files_of_this_test_really_tell_what_they_should():
    """Else the tests above would prove nothing."""
    jpeg = telling.telling_jpeg(icc_profile=swapped_profile())
    first = jpeg[: jpeg.index(b"\xff\xd9\xff\xd8") + 2]  # of the two pictures
    assert {0xE0, 0xE1, 0xE2, 0xE4, 0xEB, 0xEC, 0xED, 0xFE} <= set(jpeg_segments(first))
    for mark in (b"MPF\0", b"ICC_PROFILE\0", b"JFXX\0", b"8BIM\x04\x04", b"8BIM\x04\x0c"):
        assert mark in jpeg
    with Image.open(io.BytesIO(jpeg)) as image:
        exif = image.getexif()
        assert image.format == "MPO"
        assert exif.get_ifd(0x8825)[2] == (59.0, 19.0, 45.0)
        assert exif.get_ifd(0x8769)[0x927C] == SECRET.encode()
        assert exif.get_ifd(ExifTags.IFD.IFD1)[0x0202] > 100  # the thumbnail's bytes
    png = set(png_chunks(telling.telling_png(icc_profile=swapped_profile())))
    assert {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs", b"iCCP", b"prVt"} <= png
    webp = set(webp_chunks(telling.telling_webp(icc_profile=swapped_profile())))
    assert {b"EXIF", b"XMP ", b"ICCP"} <= webp
    for boxes in (telling.telling_avif, telling.telling_heic):
        with Image.open(io.BytesIO(boxes(icc_profile=swapped_profile()))) as image:
            assert image.getexif().get_ifd(0x8825)[2] == (59.0, 19.0, 45.0)
            assert image.info["xmp"]
            assert image.info["icc_profile"]
        assert b"thmb" in boxes() or boxes is telling.telling_avif
    with Image.open(io.BytesIO(telling.telling_tiff(icc_profile=swapped_profile()))) as image:
        tags: Any = image
        assert {270, 274, 305, 315, 700, 33723, 34377, 34665, 34675, 34853} <= set(tags.tag_v2)


def test_not_even_the_resolution_of_the_scan_is_told():
    for kind in (telling.telling_jpeg, telling.telling_png):
        copy = images.prepare(io.BytesIO(kind())).copy
        assert decoded(copy).info.get("dpi") != (1234, 1234)


@pytest.mark.django_db
@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_in_the_store_the_original_is_untouched_and_all_else_is_bare(kind: Telling):
    data = kind()
    photo = intake.receive(
        owner=make_member(), file=io.BytesIO(data), name="gran.jpg", byte_size=len(data)
    )
    run("prepare")
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED
    keys = storage.keys_under(photo.prefix)
    assert {photo.original_key, photo.prepared_key, photo.preview_key} < set(keys)
    for key in keys:
        stored = io.BytesIO()
        storage.get(key, stored)
        if key == photo.original_key:
            assert hashlib.sha256(stored.getvalue()).hexdigest() == photo.sha256
            assert stored.getvalue() == data
        else:
            assert_bare(images.Rendition(stored.getvalue(), key.rpartition(".")[2], ""))
