"""jobs.images.keepsake: what a member takes home has the original's date, colours and size."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import ExifTags, Image

from jobs import images
from jobs.images import Origin, UnreadableImage
from tests.jobs.pictures import (
    GREEN,
    SIZE,
    assert_near,
    assert_upright,
    encoded,
    noise,
    quadrants,
    swapped_profile,
)

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>said</x:xmpmeta>"
TAKEN = "1962:06:03 14:00:00"
GPS = {1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)}


def original(format: str = "JPEG", *, orientation: int = 1, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    camera = exif.get_ifd(ExifTags.IFD.Exif)
    camera[ExifTags.Base.DateTimeOriginal] = TAKEN
    camera[ExifTags.Base.OffsetTimeOriginal] = "+01:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(GPS)
    return encoded(quadrants(), format, **{"exif": exif.tobytes(), "dpi": (300, 200), **options})


def origin_of(data: bytes) -> Origin:
    return images.origin(io.BytesIO(data))


def taken_home(
    result: bytes | None = None,
    *,
    format: str = "PNG",
    origin: Origin | None = None,
    original_width_px: int = SIZE[0],
    **wishes: Any,
) -> Image.Image:
    into = io.BytesIO()
    images.keepsake(
        io.BytesIO(result or encoded(quadrants(), "PNG")),
        into,
        format=format,
        xmp=XMP,
        origin=origin or Origin(),
        original_width_px=original_width_px,
        max_pixels=1_000_000,
        **wishes,
    )
    image = Image.open(into)
    image.load()
    return image


def xmp_of(image: Image.Image) -> bytes:
    said = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return said if isinstance(said, bytes) else said.encode()


# --- What the original says -------------------------------------------------------------------


def test_an_original_tells_when_where_how_large_and_in_which_colours():
    said = origin_of(original(icc_profile=swapped_profile()))
    assert (said.taken, said.taken_iso) == (TAKEN, "1962-06-03T14:00:00+01:00")
    assert said.dpi == (300, 200)
    assert said.gps == GPS
    assert said.icc == swapped_profile()


@pytest.mark.parametrize("format", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_phones_newer_formats_tell_the_same(format: str, orientation: int):
    said = origin_of(original(format, orientation=orientation, icc_profile=swapped_profile()))
    assert said.taken_iso == "1962-06-03T14:00:00+01:00"
    assert said.gps == GPS
    assert said.icc == swapped_profile()


def test_dots_per_inch_are_of_the_picture_as_it_stands():
    assert origin_of(original(orientation=6)).dpi == (200, 300)


@pytest.mark.parametrize("said", ["    :  :     :  :  ", "0000:00:00 00:00:00", "yesterday", ""])
def test_a_time_that_is_none_is_not_taken_along(said: str):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = said
    found = origin_of(encoded(quadrants(), "JPEG", exif=exif))
    assert (found.taken, found.offset, found.taken_iso) == ("", "", "")


@pytest.mark.parametrize("data", [encoded(noise(), "GIF"), encoded(noise(), "PNG")])
def test_an_original_that_says_nothing_gives_nothing(data: bytes):
    assert origin_of(data) == Origin()


def test_hostile_camera_data_says_nothing():
    broken = encoded(noise(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert origin_of(broken).taken == ""


# --- What is taken home -----------------------------------------------------------------------


@pytest.mark.parametrize("format", images.KEEPSAKE_FORMATS)
@pytest.mark.parametrize("came_as", ["PNG", "JPEG"])
def test_every_format_carries_label_date_colours_and_size(format: str, came_as: str):
    image = taken_home(encoded(quadrants(), came_as), format=format, origin=origin_of(original()))
    exif = image.getexif()
    assert image.format == format
    assert xmp_of(image) == XMP
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == TAKEN
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] == "+01:00"
    assert (exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution]) == (300, 200)
    assert image.info["icc_profile"]
    assert_upright(image.convert("RGB"), within=40)


@pytest.mark.parametrize("format", images.KEEPSAKE_FORMATS)
def test_the_place_goes_along_only_if_asked_for(format: str):
    origin = origin_of(original())
    assert not taken_home(format=format, origin=origin).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    asked = taken_home(format=format, origin=origin, with_place=True)
    assert asked.getexif().get_ifd(ExifTags.IFD.GPSInfo) == GPS


def test_an_enlarged_result_is_printed_as_large_as_the_original():
    double = encoded(quadrants().resize((SIZE[0] * 2, SIZE[1] * 2)), "PNG")
    assert taken_home(double, origin=Origin(dpi=(300, 300))).getexif()[282] == 600


@pytest.mark.parametrize("format", images.KEEPSAKE_FORMATS)
def test_the_originals_colours_are_the_results(format: str):
    image = taken_home(format=format, origin=Origin(icc=swapped_profile()))
    assert image.info["icc_profile"] == swapped_profile()
    # What is seen as red is called green there.
    assert_near(image.getpixel((16, 12)), GREEN, within=40)


def test_a_result_that_needs_no_change_keeps_every_pixel():
    as_png = taken_home(encoded(noise(), "PNG"))
    assert as_png.tobytes() == noise().tobytes()
    as_tiff = taken_home(encoded(noise(), "PNG"), format="TIFF")
    assert as_tiff.tobytes() == noise().tobytes()


def test_a_jpeg_that_stays_one_is_not_coarsened():
    came = encoded(noise(), "JPEG", quality=70)
    again = taken_home(came, format="JPEG")
    assert again.quantization == Image.open(io.BytesIO(came)).quantization  # type: ignore[attr-defined]


def test_the_mark_stands_in_the_corner_and_nowhere_else():
    plain = Image.new("RGB", (400, 300), "white")
    image = taken_home(encoded(plain, "PNG"), mark="Restored with AI")
    assert image.crop((0, 0, 200, 250)).getextrema() == ((255, 255),) * 3
    assert image.crop((200, 250, 400, 300)).getextrema() != ((255, 255),) * 3


def test_a_mark_fits_on_the_smallest_picture():
    small = encoded(noise(size=(16, 16)), "PNG")
    assert taken_home(small, mark="Restored with AI").size == (16, 16)


def test_what_the_vendors_file_said_of_itself_stays_behind():
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "the vendor"
    said = encoded(quadrants(), "JPEG", exif=exif, comment=b"the vendor", xmp=b"<the-vendor/>")
    for format in images.KEEPSAKE_FORMATS:
        into = io.BytesIO()
        images.keepsake(
            io.BytesIO(said),
            into,
            format=format,
            xmp=XMP,
            origin=Origin(),
            original_width_px=SIZE[0],
            max_pixels=1_000_000,
        )
        assert b"the vendor" not in into.getvalue(), format
        assert b"the-vendor" not in into.getvalue(), format


def test_a_broken_result_is_said_to_be_broken():
    with pytest.raises(UnreadableImage):
        taken_home(b"no picture")
