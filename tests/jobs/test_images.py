"""jobs.images: what comes in is looked at before it is trusted; what goes out is pixels alone."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import AvifImagePlugin, Image, ImageFile, TiffImagePlugin
from pillow_heif.as_plugin import HeifImageFile

from jobs import images
from tests.jobs.pictures import (
    BLUE,
    FAITHFUL,
    GREEN,
    SIZE,
    assert_upright,
    decoded,
    encoded,
    noise,
    prepared,
    quadrants,
)
from tests.jobs.telling import SECRET, telling_png, webp_chunks

DAMAGED = "This picture is damaged: the file ends early or is broken."
NOT_A_PICTURE = (
    "This is not a picture that we can read. JPEG, PNG, WebP, GIF, TIFF, HEIC and AVIF are welcome."
)


@pytest.fixture(autouse=True)
def _no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are tests/facefinder's question."""
    monkeypatch.setattr(images.uploads, "find_faces", lambda pixels: [])


# --- What is welcome ------------------------------------------------------------------------
@pytest.mark.parametrize("format", images.FORMATS)
def test_every_welcome_format_is_read_for_what_it_is(format: str):
    facts = images.inspect(io.BytesIO(encoded(quadrants(), format)))
    assert facts == images.Facts(format, 64, 48, "")


@pytest.mark.parametrize("format", images.FORMATS)
def test_the_bytes_decide_not_where_the_reader_stands(format: str):
    file = io.BytesIO(encoded(quadrants(), format))
    file.seek(0, io.SEEK_END)
    assert images.inspect(file).format == format


@pytest.mark.parametrize("format", images.FORMATS)
def test_every_welcome_format_becomes_the_same_picture(format: str):
    assert_upright(prepared(encoded(quadrants(), format, **FAITHFUL.get(format, {}))))


MODES = {
    "JPEG": ("1", "L", "RGB", "CMYK", "YCbCr"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "GIF": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "WEBP": ("L", "LA", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "F"),
    "AVIF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"),
    "HEIF": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
}


@pytest.mark.parametrize(
    ("format", "mode"), [(format, mode) for format, modes in MODES.items() for mode in modes]
)
def test_every_kind_of_colour_becomes_plain_rgb(format: str, mode: str):
    data = encoded(Image.new(mode, SIZE), format)
    assert images.inspect(io.BytesIO(data)).width_px == 64
    assert prepared(data).mode == "RGB"


def test_a_phones_jpeg_with_a_second_picture_inside_is_a_jpeg():
    """Phones put depth or brightness maps into the file (MPO)."""
    data = encoded(quadrants(), "MPO", save_all=True, append_images=[Image.new("L", (32, 24))])
    facts = images.inspect(io.BytesIO(data))
    assert (facts.format, facts.note) == ("JPEG", "")
    assert images.prepare(io.BytesIO(data)).copy.extension == "jpg"
    assert check(data).format == "JPEG"


# --- What is not ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Dear diary, this is no picture.", id="text"),
        pytest.param(b"\0" * 5000, id="zeros"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="SVG"),
        pytest.param(b"%PDF-1.7\n", id="PDF"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="EPS"),
        pytest.param(b"\xff\xd8\xff", id="three bytes of JPEG"),
        pytest.param(encoded(Image.new("RGB", SIZE), "BMP"), id="BMP"),
        pytest.param(encoded(Image.new("RGB", SIZE), "ICO"), id="ICO"),
        pytest.param(encoded(Image.new("RGB", SIZE), "PPM"), id="PPM"),
    ],
)
def test_what_is_no_welcome_picture_is_told_so(data: bytes):
    for look in (images.inspect, images.prepare):
        with pytest.raises(images.UnreadableImage) as problem:
            look(io.BytesIO(data))
        assert str(problem.value) == NOT_A_PICTURE


@pytest.mark.parametrize("format", images.FORMATS)
def test_a_picture_that_ends_early_is_damaged(format: str):
    data = encoded(noise(), format)
    for look in (images.inspect, images.prepare):
        with pytest.raises(images.UnreadableImage) as problem:
            look(io.BytesIO(data[: len(data) // 2]))
        assert str(problem.value) in (DAMAGED, NOT_A_PICTURE)


def test_a_jpeg_that_lacks_its_last_quarter_is_damaged_and_not_shown_half_grey():
    data = encoded(noise(), "JPEG")
    with pytest.raises(images.UnreadableImage) as problem:
        images.inspect(io.BytesIO(data[: len(data) * 3 // 4]))
    assert str(problem.value) == DAMAGED


@pytest.mark.parametrize("format", images.FORMATS)
def test_whatever_is_broken_in_a_file_is_unreadable_and_never_another_error(format: str):
    whole = encoded(noise(), format)
    dice = random.Random(format)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 3, 20))):
            data[dice.randrange(min(len(data), dice.choice((40, 400, 40_000))))] = dice.randrange(
                256
            )
        try:
            facts = images.inspect(io.BytesIO(data))
            images.prepare(io.BytesIO(data))
        except images.UnreadableImage:
            continue
        assert facts.width_px >= images.SMALLEST_SIDE_PX


def test_later_pages_that_are_broken_do_not_matter_or_are_damage():
    """The second page's directory says it has no size."""
    data = bytearray(
        encoded(noise(), "TIFF", save_all=True, append_images=[Image.new("RGB", SIZE)])
    )
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    second = struct.unpack_from("<I", data, first + 2 + count * 12)[0]
    struct.pack_into("<H", data, second + 2, 60_000)  # its first tag, the width, is another now
    with contextlib.suppress(images.UnreadableImage):
        images.inspect(io.BytesIO(data))


def test_a_picture_too_long_for_a_jpeg_is_refused_in_words_or_kept_as_png():
    data = encoded(Image.new("RGB", (65_520, 16)), "TIFF")
    assert images.prepare(io.BytesIO(data)).width_px == 65_520
    jpeg = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, frame + 5, 16, 65_520)
    for look in (images.inspect, images.prepare):
        with pytest.raises(images.UnreadableImage):
            look(io.BytesIO(jpeg))


@pytest.mark.parametrize("size", [(15, 400), (400, 15), (1, 1)])
def test_a_picture_too_small_for_anything_is_refused(size: tuple[int, int]):
    with pytest.raises(images.UnreadableImage, match="too small to restore"):
        images.inspect(io.BytesIO(encoded(Image.new("RGB", size), "PNG")))


def test_sixteen_pixels_are_enough():
    data = encoded(Image.new("RGB", (16, 16)), "PNG")
    assert images.inspect(io.BytesIO(data)).width_px == 16


# --- Bombs ----------------------------------------------------------------------------------
def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


def gif_header(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0" * 6
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00;"
    return b"GIF89a" + screen + frame


def tiff_header(width: int, height: int) -> bytes:
    small = Image.new("L", (1, 1))
    data = bytearray(encoded(small, "TIFF"))
    ifd = struct.unpack_from("<I", data, 4)[0]
    for place in range(struct.unpack_from("<H", data, ifd)[0]):
        entry = ifd + 2 + place * 12
        tag = struct.unpack_from("<H", data, entry)[0]
        if tag in (256, 257):
            struct.pack_into("<HI", data, entry + 2, 4, 1)
            struct.pack_into("<I", data, entry + 8, width if tag == 256 else height)
    return bytes(data)


def in_boxes(format: str, width: int, height: int) -> bytes:
    """A HEIC or AVIF of 64 × 48 that says it is of another size."""
    return claiming(encoded(quadrants(), format), width, height)


def claiming(data: bytes, width: int, height: int) -> bytes:
    assert data.count(b"ispe") == 1
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def heic_header(width: int, height: int) -> bytes:
    return in_boxes("HEIF", width, height)


def avif_header(width: int, height: int) -> bytes:
    return in_boxes("AVIF", width, height)


def cut_heic_header(width: int, height: int) -> bytes:
    """It shows a small piece ("clap") of a picture as large as this."""
    data = encoded(Image.new("RGB", (63, 47)), "HEIF")  # of odd sides: written larger, and cut
    with Image.open(io.BytesIO(claiming(data, 6400, 4800))) as image:
        assert image.size == (63, 47)
    return claiming(data, width, height)


@pytest.fixture
def _nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Any) -> None:
        pytest.fail("the pixels were decoded before the size was looked at")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load", load)
    monkeypatch.setattr(AvifImagePlugin.AvifImageFile, "load", load)
    monkeypatch.setattr(HeifImageFile, "load", load)


@pytest.mark.usefixtures("_nothing_is_decoded")
@pytest.mark.parametrize("look", [images.inspect, images.prepare])
@pytest.mark.parametrize(
    "header",
    [png_header, gif_header, tiff_header, heic_header, avif_header, cut_heic_header],
    ids=lambda header: header.__name__,
)
def test_a_huge_picture_is_refused_by_its_header_before_a_pixel_is_decoded(header: Any, look: Any):
    with pytest.raises(images.UnreadableImage) as problem:
        look(io.BytesIO(header(30_000, 30_000)))
    assert str(problem.value) == ("This picture has 900 megapixels; the most we can take is 60.")


def test_a_heic_that_holds_more_than_it_says_is_refused_and_not_decoded():
    data = claiming(encoded(Image.new("RGB", (2048, 2048)), "HEIF"), 64, 48)
    for look in (images.inspect, images.prepare):
        with pytest.raises(images.UnreadableImage) as problem:
            look(io.BytesIO(data))
        assert str(problem.value) == DAMAGED


@pytest.mark.usefixtures("_nothing_is_decoded")
def test_a_huge_result_is_refused_by_its_header_too():
    with pytest.raises(images.UnreadableImage, match="400 megapixels; the most we can take is 100"):
        images.check_result(io.BytesIO(png_header(20_000, 20_000)), width_px=2, height_px=2)


def test_the_limit_itself_is_allowed_and_one_pixel_more_is_not(settings: Any):
    data = encoded(noise(), "PNG")
    settings.UPLOAD_MAX_PIXELS = 64 * 48
    assert images.inspect(io.BytesIO(data)).width_px == 64
    settings.UPLOAD_MAX_PIXELS = 64 * 48 - 1
    with pytest.raises(images.UnreadableImage):
        images.inspect(io.BytesIO(data))


# --- Several frames -------------------------------------------------------------------------
@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_restored_and_the_member_told(format: str):
    options = FAITHFUL.get(format, {})
    later = [Image.new("RGB", SIZE, BLUE), Image.new("RGB", SIZE, GREEN)]
    data = encoded(quadrants(), format, save_all=True, append_images=later, **options)
    facts = images.inspect(io.BytesIO(data))
    assert facts.note == "This file is animated: only its first frame is restored."
    assert_upright(prepared(data))


def test_of_several_pages_the_first_is_restored_and_the_member_told():
    pages = [Image.new("RGB", SIZE, BLUE)]
    data = encoded(quadrants(), "TIFF", save_all=True, append_images=pages)
    facts = images.inspect(io.BytesIO(data))
    assert facts.note == "This file has several pages: only the first is restored."
    assert_upright(prepared(data))


@pytest.mark.parametrize("main", [0, 1])
def test_of_several_pictures_in_a_heic_the_main_one_is_restored(main: int):
    """A burst, or a picture beside the one that was edited: the file says which is to be seen."""
    pictures = [Image.new("RGB", (32, 32), BLUE)]
    pictures.insert(main, quadrants())
    first, *others = pictures
    data = encoded(
        first,
        "HEIF",
        save_all=True,
        append_images=others,
        primary_index=main,
        **FAITHFUL["HEIF"],
    )
    facts = images.inspect(io.BytesIO(data))
    assert facts.note == "This file has several pictures: only its main one is restored."
    assert (facts.width_px, facts.height_px) == SIZE
    assert_upright(prepared(data))


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
def test_a_file_that_names_only_the_family_of_formats_is_read_by_the_right_one(format: str):
    data = encoded(quadrants(), format, **FAITHFUL[format])
    assert data[4:8] == b"ftyp"
    as_mif1 = data[:8] + b"mif1" + data[12:]
    assert images.inspect(io.BytesIO(as_mif1)).format == format
    assert_upright(prepared(as_mif1))


# --- Copies ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("format", "extension"),
    [(format, "jpg") for format in ("JPEG", "WEBP", "AVIF", "HEIF")]
    + [(format, "png") for format in ("PNG", "GIF", "TIFF")],
)
def test_the_vendors_copy_is_png_unless_the_original_was_lossy(format: str, extension: str):
    copy = images.prepare(io.BytesIO(encoded(quadrants(), format))).copy
    assert copy.extension == extension
    assert copy.content_type == {"jpg": "image/jpeg", "png": "image/png"}[extension]
    assert decoded(copy).format == {"jpg": "JPEG", "png": "PNG"}[extension]


def test_of_a_lossless_original_no_pixel_is_lost():
    assert prepared(encoded(noise(), "PNG")).tobytes() == noise().tobytes()


def test_preview_and_thumbnail_are_small_and_keep_the_shape():
    made = images.prepare(io.BytesIO(encoded(Image.new("RGB", (3200, 1200)), "PNG")))
    assert decoded(made.preview).size == (1280, 480)
    assert decoded(made.thumbnail).size == (480, 180)
    assert (made.width_px, made.height_px) == (3200, 1200)
    for rendition in (made.preview, made.thumbnail):
        assert (rendition.extension, rendition.content_type) == ("webp", "image/webp")


def test_a_small_photo_is_not_blown_up_for_its_preview():
    made = images.prepare(io.BytesIO(encoded(quadrants(), "PNG")))
    assert decoded(made.preview).size == SIZE
    assert decoded(made.thumbnail).size == SIZE


def test_faces_are_looked_for_in_the_upright_copy_and_kept_as_whole_pixels(
    monkeypatch: pytest.MonkeyPatch,
):
    looked_at: list[Any] = []

    def find_faces(pixels: Any) -> list[Any]:
        looked_at.append(pixels)
        return [SimpleNamespace(x=1.9, y=np.int64(2), width=np.float32(10.5), height=12)]

    monkeypatch.setattr(images.uploads, "find_faces", find_faces)
    exif = Image.Exif()
    exif[0x0112] = 6
    laid = quadrants().transpose(Image.Transpose.ROTATE_90)
    made = images.prepare(io.BytesIO(encoded(laid, "PNG", exif=exif)))
    assert looked_at[0].shape == (48, 64, 3)
    assert made.faces == [{"x": 1, "y": 2, "width": 10, "height": 12}]
    assert all(type(value) is int for value in made.faces[0].values())


# --- Results --------------------------------------------------------------------------------
def check(data: bytes, *, width_px: int = 64, height_px: int = 48) -> images.Result:
    return images.check_result(io.BytesIO(data), width_px=width_px, height_px=height_px)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_result_is_measured_and_gets_a_preview(format: str):
    result = check(encoded(quadrants(), format))
    assert (result.format, result.width_px, result.height_px) == (format, 64, 48)
    assert decoded(result.preview).size == SIZE


def test_a_results_preview_carries_no_metadata():
    preview = check(telling_png()).preview
    assert webp_chunks(preview.data) == [b"VP8 "]
    assert SECRET.encode() not in preview.data


@pytest.mark.parametrize("format", ["WEBP", "GIF", "TIFF", "BMP"])
def test_a_result_in_an_undocumented_format_is_refused(format: str):
    with pytest.raises(images.UnreadableImage):
        check(encoded(quadrants(), format))


@pytest.mark.parametrize("size", [(48, 64), (64, 64), (128, 48), (64, 96), (1, 48)])
def test_a_result_of_another_shape_is_not_this_photos(size: tuple[int, int]):
    with pytest.raises(images.UnreadableImage, match="another shape"):
        check(encoded(Image.new("RGB", size), "PNG"))


@pytest.mark.parametrize("size", [(64, 48), (128, 96), (32, 24), (66, 48), (64, 50)])
def test_another_size_or_a_few_percent_of_shape_are_let_pass(size: tuple[int, int]):
    result = check(encoded(Image.new("RGB", size), "PNG"))
    assert (result.width_px, result.height_px) == size


@pytest.mark.parametrize("data", [b"", b"<html>Not found</html>", encoded(noise(), "PNG")[:-500]])
def test_a_result_that_is_broken_is_refused(data: bytes):
    with pytest.raises(images.UnreadableImage):
        check(data)
