"""Finds faces in photographs: one small detector, shared by the site and the sandbox.

Promises the same faces for the same pixels, in the picture's own coordinates, and bounded work: a
large picture is scaled down first. CenterFace (MIT) runs where its weights are present, see
``weights.py``; otherwise OpenCV's Haar cascade, which finds fewer faces in old prints. No Django.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facefinder import centerface, haar
from facefinder.boxes import Box

__all__ = ["MAX_SIDE_PX", "Face", "find_faces"]

MAX_SIDE_PX = 1024
MIN_SIDE_PX = 16


@dataclass(frozen=True, slots=True)
class Face:
    """One face: its box in pixels of the picture, wholly inside it, and a score in [0, 1]."""

    x: int
    y: int
    width: int
    height: int
    score: float

    @property
    def area(self) -> int:
        return self.width * self.height


def find_faces(image: NDArray[np.uint8]) -> list[Face]:
    """The faces in `image` (height × width × 3, RGB), largest first.

    Raises ValueError when `image` has another shape or type.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError("image must be height × width × 3, RGB, uint8")
    height, width = image.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        return []
    ratio = min(1.0, MAX_SIDE_PX / max(height, width))
    small = image
    if ratio < 1:
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    find = centerface.find if centerface.is_available() else haar.find
    faces = [face for box in find(small) if (face := _face(box, ratio, width, height))]
    return sorted(faces, key=lambda face: (-face.area, face.x, face.y))


def _face(box: Box, ratio: float, width: int, height: int) -> Face | None:
    """`box` in the coordinates of the whole picture, cut to it; None when nothing is left."""
    left, top = max(0, round(box.left / ratio)), max(0, round(box.top / ratio))
    right, bottom = min(width, round(box.right / ratio)), min(height, round(box.bottom / ratio))
    if right <= left or bottom <= top:
        return None
    return Face(left, top, right - left, bottom - top, round(min(1.0, box.score), 4))
