"""One detector: the same faces for the same pixels, whatever the size, with or without weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from facefinder import MAX_SIDE_PX, Face, centerface, find_faces
from facefinder.boxes import Box, distinct

SAMPLES = Path(__file__).parents[2] / "sandbox" / "samples"
needs_weights = pytest.mark.skipif(
    not centerface.is_available(), reason="python -m facefinder.weights has not been run"
)


@pytest.fixture(params=["centerface", "haar"])
def detector(request, monkeypatch, tmp_path):
    """Each of the two detectors in turn."""
    if request.param == "haar":
        monkeypatch.setenv("FACEFINDER_MODELS_DIR", str(tmp_path))
    elif not centerface.is_available():
        pytest.skip("python -m facefinder.weights has not been run")
    return request.param


def sample(name: str) -> np.ndarray:
    return np.asarray(Image.open(SAMPLES / name).convert("RGB"))


def contains(face: Face, x: int, y: int) -> bool:
    return face.x <= x <= face.x + face.width and face.y <= y <= face.y + face.height


def test_both_brothers_are_found_where_they_are_and_nobody_else(detector):
    faces = find_faces(sample("brothers-1870.jpg"))

    assert len(faces) == 2
    assert any(contains(face, 218, 300) for face in faces)
    assert any(contains(face, 382, 527) for face in faces)


@needs_weights
def test_faces_under_scratches_are_found():
    faces = find_faces(sample("happy-couple-damaged.jpg"))

    assert len(faces) == 2
    assert contains(faces[0], 287, 335) or contains(faces[1], 287, 335)


def test_a_second_picture_of_another_size_is_not_confused_by_the_first(detector):
    picture = sample("grace-hopper-damaged.jpg")
    alone = find_faces(picture)

    find_faces(sample("brothers-1870.jpg"))

    assert find_faces(picture) == alone


def test_boxes_of_a_large_picture_are_in_its_own_pixels(detector):
    small = sample("grace-hopper-damaged.jpg")
    large = np.asarray(cv2.resize(small, None, fx=3, fy=3), np.uint8)
    assert max(large.shape) > MAX_SIDE_PX

    face = find_faces(large)[0]

    assert contains(face, 3 * 262, 3 * 225)
    assert face.width == pytest.approx(3 * find_faces(small)[0].width, rel=0.2)


def test_the_largest_face_comes_first_and_lies_within_the_picture(detector):
    picture = sample("brothers-1870.jpg")

    faces = find_faces(picture)

    assert [face.area for face in faces] == sorted((face.area for face in faces), reverse=True)
    for face in faces:
        assert 0 <= face.x < face.x + face.width <= picture.shape[1]
        assert 0 <= face.y < face.y + face.height <= picture.shape[0]
        assert 0 <= face.score <= 1


@pytest.mark.parametrize("shape", [(300, 400, 3), (1, 5000, 3), (15, 15, 3)])
def test_a_picture_without_anyone_has_no_faces(detector, shape):
    assert find_faces(np.full(shape, 120, np.uint8)) == []


@pytest.mark.parametrize(
    "wrong", [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 4), np.uint8), np.zeros((40, 40, 3))]
)
def test_another_shape_or_type_is_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        find_faces(wrong)


def test_overlapping_boxes_are_one_face_and_the_better_score_stays():
    boxes = [Box(0, 0, 10, 10, 0.5), Box(1, 1, 11, 11, 0.9), Box(50, 50, 60, 60, 0.4)]

    assert distinct(boxes) == [boxes[1], boxes[2]]
