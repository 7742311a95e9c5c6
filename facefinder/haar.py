"""OpenCV's own face detector, for a machine without CenterFace's weights."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facefinder.boxes import Box, distinct

SMALLEST_SHARE = 0.03  # of the picture's longer side
_SURE = 10.0  # this classifier's confidence for a face that nobody would doubt

_running = threading.Lock()


def find(image: NDArray[np.uint8]) -> list[Box]:
    """The faces in an RGB picture, best first."""
    grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    smallest = max(20, round(max(image.shape[:2]) * SMALLEST_SHARE))
    with _running:
        found, _, confidences = _cascade().detectMultiScale3(
            grey,
            scaleFactor=1.1,
            minNeighbors=5,
            minSize=(smallest, smallest),
            outputRejectLevels=True,
        )
    return distinct(
        Box(
            float(x),
            float(y),
            float(x + width),
            float(y + height),
            min(1.0, max(0.0, float(confidence) / _SURE)),
        )
        for (x, y, width, height), confidence in zip(found, confidences, strict=True)
    )


@cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(
        str(Path(cv2.__file__).with_name("data") / "haarcascade_frontalface_default.xml")
    )
