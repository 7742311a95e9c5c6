"""jobs.images.faces: each face cut out at its place, in a picture of any size."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from jobs import images
from jobs.images.faces import FACE_SIDE_PX, MOST_FACES, strip_of_faces
from tests.jobs.pictures import GREEN, RED, assert_near, decoded, encoded

FACES = [
    {"x": 100, "y": 100, "width": 80, "height": 80},
    {"x": 300, "y": 40, "width": 40, "height": 40},
]


def people(scale: int = 1) -> Image.Image:
    """A red and a green face on grey, 400 × 300 px times `scale`."""
    picture = Image.new("RGB", (400, 300), "grey")
    for face, colour in zip(FACES, (RED, GREEN), strict=True):
        box = (face["x"], face["y"], face["x"] + face["width"], face["y"] + face["height"])
        picture.paste(colour, box)
    return picture.resize((400 * scale, 300 * scale), Image.Resampling.NEAREST)


@pytest.mark.parametrize("scale", [1, 3])
def test_each_face_lies_in_its_square_whatever_size_the_picture_has(scale: int):
    strip = strip_of_faces(people(scale), FACES, photo_width_px=400)
    assert strip is not None
    shown = decoded(strip).convert("RGB")
    assert shown.size == (2 * FACE_SIDE_PX, FACE_SIDE_PX)
    middle = FACE_SIDE_PX // 2
    assert_near(shown.getpixel((middle, middle)), RED, within=20)
    assert_near(shown.getpixel((FACE_SIDE_PX + middle, middle)), GREEN, within=20)
    # Hair and chin belong to it: what is around the face is seen as well.
    for x in (8, FACE_SIDE_PX - 8):
        assert_near(shown.getpixel((x, middle)), (128, 128, 128), within=20)


def test_beyond_the_edge_of_the_picture_it_is_dark_and_the_face_keeps_its_shape():
    corner = [{"x": 0, "y": 0, "width": 80, "height": 80}]
    strip = strip_of_faces(Image.new("RGB", (400, 300), RED), corner, photo_width_px=400)
    assert strip is not None
    shown = decoded(strip).convert("RGB")
    assert_near(shown.getpixel((8, 8)), (0, 0, 0), within=20)
    assert_near(shown.getpixel((FACE_SIDE_PX // 2, FACE_SIDE_PX // 2)), RED, within=20)


def test_of_a_crowd_the_largest_are_shown():
    crowd = [{"x": 3 * i, "y": 3, "width": 30, "height": 30} for i in range(MOST_FACES + 5)]
    strip = strip_of_faces(people(), crowd, photo_width_px=400)
    assert strip is not None
    assert decoded(strip).width == MOST_FACES * FACE_SIDE_PX


def test_without_a_face_there_is_no_strip():
    assert strip_of_faces(people(), [], photo_width_px=400) is None


def test_a_photo_and_its_result_have_their_faces_at_the_same_places(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(images.uploads, "find_faces", lambda pixels: [_Box(**FACES[0])])
    before = images.prepare(io.BytesIO(encoded(people(), "PNG")))
    after = images.check_result(
        io.BytesIO(encoded(people(2), "PNG")),
        width_px=800,
        height_px=600,
        faces=before.faces,
        photo_width_px=before.width_px,
    )
    assert before.faces_strip is not None
    assert after.faces_strip is not None
    middle = (FACE_SIDE_PX // 2, FACE_SIDE_PX // 2)
    for strip in (before.faces_strip, after.faces_strip):
        assert_near(decoded(strip).convert("RGB").getpixel(middle), RED, within=20)


class _Box:
    def __init__(self, x: int, y: int, width: int, height: int) -> None:
        self.x, self.y, self.width, self.height = x, y, width, height
