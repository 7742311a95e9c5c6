"""Where the faces of a picture are, as a smooth weight: 1 on a face, 0 away from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facefinder import Face, find_faces
from sandbox.imaging.codec import Pixels

SURE_SCORE = 0.4


@dataclass(frozen=True, slots=True)
class FaceWeights:
    """The faces of one picture, and the size of the picture that they were found in."""

    faces: tuple[Face, ...]
    height: int
    width: int

    @classmethod
    def of(cls, image: Pixels) -> FaceWeights:
        found = tuple(face for face in find_faces(image) if face.score >= SURE_SCORE)
        return cls(found, *image.shape[:2])

    def weight(self, height: int, width: int) -> NDArray[np.float32]:
        """Weights for the same picture at another size: ellipses with soft edges."""
        plane = np.zeros((height, width), np.float32)
        scale_x, scale_y = width / self.width, height / self.height
        for face in self.faces:
            centre_x, centre_y = face.x + face.width / 2, face.y + face.height / 2
            rows = (np.arange(height, dtype=np.float32) / scale_y - centre_y) / face.height
            columns = (np.arange(width, dtype=np.float32) / scale_x - centre_x) / face.width
            distance = np.sqrt(columns[None] ** 2 + rows[:, None] ** 2)
            np.maximum(plane, np.clip((0.95 - distance) / 0.35, 0, 1), out=plane)
        return cv2.GaussianBlur(plane, (0, 0), 1.5)  # type: ignore[return-value]
