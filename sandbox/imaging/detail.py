"""Sharpens without halos, more on faces than elsewhere, in strips so that memory stays bounded."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sandbox.imaging.codec import Pixels
from sandbox.imaging.faces import FaceWeights

STRIP_PIXELS = 4_000_000
OVERSHOOT = 3.0  # lightness steps beyond the darkest and lightest near by
CORE = 1.5  # differences smaller than this are noise


def sharpen(
    image: Pixels, faces: FaceWeights, *, everywhere: float, on_faces: float, radius_px: float
) -> Pixels:
    """Unsharp masking of the lightness; the amounts are shares of the difference to a blur."""
    height, width = image.shape[:2]
    margin = int(4 * radius_px) + 2
    rows = max(64, STRIP_PIXELS // width)
    weight = faces.weight(*_reduced(height, width))
    out = np.empty_like(image)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        start, end = max(0, top - margin), min(height, bottom + margin)
        amount = everywhere + (on_faces - everywhere) * _strip(weight, start, end, height, width)
        strip = _sharpened(image[start:end], amount, radius_px)
        out[top:bottom] = strip[top - start : bottom - start]
    return out


def _reduced(height: int, width: int) -> tuple[int, int]:
    ratio = min(1.0, 1024 / max(height, width))
    return max(1, round(height * ratio)), max(1, round(width * ratio))


def _strip(weight: NDArray[Any], start: int, end: int, height: int, width: int) -> NDArray[Any]:
    """Rows `start` to `end` of the weight at the picture's full size."""
    scale_y, scale_x = weight.shape[0] / height, weight.shape[1] / width
    rows = ((np.arange(start, end, dtype=np.float32) + 0.5) * scale_y - 0.5)[:, None]
    columns = ((np.arange(width, dtype=np.float32) + 0.5) * scale_x - 0.5)[None]
    shape = (end - start, width)
    return cv2.remap(
        weight,
        np.ascontiguousarray(np.broadcast_to(columns, shape)),
        np.ascontiguousarray(np.broadcast_to(rows, shape)),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _sharpened(strip: Pixels, amount: NDArray[Any], radius_px: float) -> Pixels:
    """All three channels moved alike: hues stay, and an amount of 0 changes nothing at all."""
    light = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.float32)
    difference = light - cv2.GaussianBlur(light, (0, 0), radius_px)
    difference = np.sign(difference) * np.maximum(np.abs(difference) - CORE, 0)
    reach = 2 * max(1, round(radius_px)) + 1
    near = np.ones((reach, reach), np.uint8)
    lowest, highest = cv2.erode(light, near) - OVERSHOOT, cv2.dilate(light, near) + OVERSHOOT
    change = np.clip(light + amount * difference, lowest, highest) - light
    sharper: Pixels = (strip + change[..., None]).round().clip(0, 255).astype(np.uint8)
    return sharper
