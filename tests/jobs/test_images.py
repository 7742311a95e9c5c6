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
from PIL import Image, ImageCms, ImageFile, PngImagePlugin, TiffImagePlugin

from jobs import images

SIZE = (64, 48)
DAMAGED = "This picture is damaged: the file ends early or is broken."
NOT_A_PICTURE = "This is not a picture that we can read. JPEG, PNG, WebP, GIF and TIFF are welcome."
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(autouse=True)
def _no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faces are tests/facefinder's question."""
    monkeypatch.setattr(images, "find_faces", lambda pixels: [])


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def quadrants() -> Image.Image:
    """Red, green, blue and white from the top left, line by line: it shows how it is turned."""
    image = Image.new("RGB", SIZE, WHITE)
    for colour, corner in ((RED, (0, 0)), (GREEN, (32, 0)), (BLUE, (0, 24))):
        image.paste(colour, (*corner, corner[0] + 32, corner[1] + 24))
    return image


def noise(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    pixels = random.Random(seed).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, pixels)


def prepared(data: bytes) -> Image.Image:
    """The vendor's copy of a file, decoded."""
    return decoded(images.prepare(io.BytesIO(data)).copy)


def decoded(rendition: images.Rendition) -> Image.Image:
    image = Image.open(io.BytesIO(rendition.data))
    image.load()
    return image


def assert_near(pixel: Any, colour: tuple[int, int, int], *, within: int = 12) -> None:
    assert max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= within, pixel


def assert_upright(image: Image.Image, **tolerance: int) -> None:
    assert image.size == SIZE
    places = {(16, 12): RED, (48, 12): GREEN, (16, 36): BLUE, (48, 36): WHITE}
    for place, colour in places.items():
        assert_near(image.getpixel(place), colour, **tolerance)


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
    options = {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    options |= {"lossless": True} if format == "WEBP" else {}
    assert_upright(prepared(encoded(quadrants(), format, **options)))


MODES = {
    "JPEG": ("1", "L", "RGB", "CMYK", "YCbCr"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "GIF": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "WEBP": ("L", "LA", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "F"),
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


@pytest.fixture
def _nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Any) -> None:
        pytest.fail("the pixels were decoded before the size was looked at")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load", load)


@pytest.mark.usefixtures("_nothing_is_decoded")
@pytest.mark.parametrize("look", [images.inspect, images.prepare])
@pytest.mark.parametrize("header", [png_header, gif_header, tiff_header])
def test_a_huge_picture_is_refused_by_its_header_before_a_pixel_is_decoded(header: Any, look: Any):
    with pytest.raises(images.UnreadableImage) as problem:
        look(io.BytesIO(header(30_000, 30_000)))
    assert str(problem.value) == ("This picture has 900 megapixels; the most we can take is 60.")


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


# --- Upright --------------------------------------------------------------------------------
LAID_DOWN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", LAID_DOWN)
def test_a_photo_is_turned_upright_as_its_camera_meant_it(orientation: int, format: str):
    how = LAID_DOWN[orientation]
    laid = quadrants() if how is None else quadrants().transpose(how)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
    }
    data = encoded(laid, format, exif=exif, **options.get(format, {}))
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
def swapped_profile() -> bytes:
    """sRGB with its red and green primaries exchanged: what a file calls red is seen as green."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"----").replace(b"gXYZ", b"rXYZ").replace(b"----", b"gXYZ")


@pytest.mark.parametrize(("format", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB")])
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


# --- Several frames -------------------------------------------------------------------------
@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_restored_and_the_member_told(format: str):
    options: dict[str, Any] = {"lossless": True} if format == "WEBP" else {}
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


# --- Copies ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("format", "extension"),
    [("JPEG", "jpg"), ("WEBP", "jpg"), ("PNG", "png"), ("GIF", "png"), ("TIFF", "png")],
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
    assert decoded(made.preview).size == (1600, 600)
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

    monkeypatch.setattr(images, "find_faces", find_faces)
    exif = Image.Exif()
    exif[0x0112] = 6
    laid = quadrants().transpose(Image.Transpose.ROTATE_90)
    made = images.prepare(io.BytesIO(encoded(laid, "PNG", exif=exif)))
    assert looked_at[0].shape == (48, 64, 3)
    assert made.faces == [{"x": 1, "y": 2, "width": 10, "height": 12}]
    assert all(type(value) is int for value in made.faces[0].values())


# --- Nothing but pixels ---------------------------------------------------------------------
SECRET = "Grandmother-at-59.3293N-18.0686E"


def telling_exif() -> bytes:
    """Camera data with a place, an owner, and a small picture of it all at the end."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = exif[0x9C9B] = SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: (59.0, 19.0, 45.0), 29: SECRET})
    exif.get_ifd(0x8769).update({0xA431: SECRET, 0x927C: SECRET.encode()})
    return exif.tobytes() + encoded(Image.new("RGB", (16, 16), RED), "JPEG", comment=SECRET)


def xmp() -> bytes:
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()


def telling_jpeg(**more: Any) -> bytes:
    data = encoded(
        quadrants(),
        "JPEG",
        exif=telling_exif(),
        xmp=xmp(),
        comment=SECRET,
        dpi=(1234, 1234),
        **more,
    )
    iptc = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0" + SECRET.encode()
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    return data[:2] + segment + data[2:] + SECRET.encode()


def telling_jpeg_with_a_profile() -> bytes:
    return telling_jpeg(icc_profile=swapped_profile() + SECRET.encode())


def telling_png(**more: Any) -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", SECRET)
    words.add_text("Comment", SECRET, zip=True)
    words.add_itxt("XML:com.adobe.xmp", xmp().decode())
    words.add(b"prVt", SECRET.encode())
    return encoded(quadrants(), "PNG", pnginfo=words, exif=telling_exif(), dpi=(1234, 1234), **more)


def telling_png_with_a_broken_profile() -> bytes:
    return telling_png(icc_profile=SECRET.encode())


def telling_tiff() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = tags[315] = tags[305] = SECRET
    tags[700] = xmp()
    tags[33723] = SECRET.encode()
    return encoded(quadrants(), "TIFF", tiffinfo=tags)


def telling_webp() -> bytes:
    return encoded(quadrants(), "WEBP", exif=telling_exif(), xmp=xmp(), lossless=True)


def telling_gif() -> bytes:
    return encoded(quadrants(), "GIF", comment=SECRET.encode())


def png_chunks(data: bytes) -> set[bytes]:
    found, place = set(), 8
    while place < len(data):
        length = struct.unpack_from(">I", data, place)[0]
        found.add(data[place + 4 : place + 8])
        place += length + 12
    return found


def jpeg_segments(data: bytes) -> set[int]:
    """The markers up to the pixels, and what lies behind the end."""
    found, place = set(), 2
    while data[place + 1] != 0xDA:
        found.add(data[place + 1])
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    assert data.endswith(b"\xff\xd9")
    return found


def webp_chunks(data: bytes) -> set[bytes]:
    found, place = set(), 12
    while place < len(data):
        length = struct.unpack_from("<I", data, place + 4)[0]
        found.add(data[place : place + 4])
        place += 8 + length + length % 2
    return found


@pytest.mark.parametrize(
    "telling",
    [
        telling_jpeg,
        telling_jpeg_with_a_profile,
        telling_png,
        telling_png_with_a_broken_profile,
        telling_tiff,
        telling_webp,
        telling_gif,
    ],
)
def test_no_copy_says_anything_but_pixels(telling: Any):
    original = telling()
    assert SECRET.encode() in original
    made = images.prepare(io.BytesIO(original))
    for rendition in (made.copy, made.preview, made.thumbnail):
        assert SECRET.encode() not in rendition.data
        assert SECRET.encode("utf-16-le") not in rendition.data
        assert len(decoded(rendition).getexif()) == 0
        said = decoded(rendition).info
        assert not {"exif", "xmp", "comment", "photoshop", "icc_profile"} & said.keys()
    if made.copy.extension == "png":
        assert png_chunks(made.copy.data) == {b"IHDR", b"IDAT", b"IEND"}
    else:
        # JFIF header, quantisers, frame, Huffman tables: what decoding needs.
        assert jpeg_segments(made.copy.data) == {0xE0, 0xDB, 0xC0, 0xC4}
    assert webp_chunks(made.preview.data) == {b"VP8 "}
    assert webp_chunks(made.thumbnail.data) == {b"VP8 "}


def test_not_even_the_resolution_of_the_scan_is_told():
    for telling in (telling_jpeg, telling_png):
        assert decoded(images.prepare(io.BytesIO(telling())).copy).info.get("dpi") != (1234, 1234)


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
    assert webp_chunks(preview.data) == {b"VP8 "}
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
