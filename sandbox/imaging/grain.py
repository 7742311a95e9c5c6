"""Measures and removes film grain and sensor noise.

The costly work is done at a bounded size. In a larger picture, what is finer than that size is
kept where it stands above the noise and dropped where it does not.
"""

from __future__ import annotations

import cv2
import numpy as np

from sandbox.imaging import ffdnet
from sandbox.imaging.codec import Pixels

WORK_PIXELS = 250_000
LEAST_SIGMA, MOST_SIGMA = 1.9, 30.0
GRAIN_FACTOR = 2.8  # grain is wider than a pixel, so that the measure sees about a third of it
FINE_SHARE = 1.6  # of the noise: finer detail than this is not told from it
BLOCK_PX, QUIET_PERCENT = 16, 10


def measure(image: Pixels) -> float:
    """The finest noise's standard deviation, in steps of 255, where the picture is quietest."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # Immerkær, "Fast Noise Variance Estimation" (1996): blind to flat areas and slopes.
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    energy = cv2.blur(cv2.filter2D(grey, -1, kernel) ** 2, (BLOCK_PX, BLOCK_PX))
    tones = (grey > 8) & (grey < 247)  # clipped tones are quiet for another reason
    step = BLOCK_PX // 2
    sample = energy[::step, ::step][tones[::step, ::step]]
    return float(np.sqrt(np.percentile(sample, QUIET_PERCENT))) if sample.size else 0.0


def remove(image: Pixels) -> Pixels:
    """`image` without its grain; a picture with next to none is returned as it is."""
    sigma = measure(image)
    if sigma < LEAST_SIGMA:
        return image
    height, width = image.shape[:2]
    ratio = min(1.0, (WORK_PIXELS / (height * width)) ** 0.5)
    if ratio > 0.9:  # so near that the way there and back would cost more than it saves
        return _denoised(image, sigma)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    quiet = _denoised(small, max(measure(small), ratio * sigma))  # type: ignore[arg-type]
    coarse = cv2.resize(quiet, (width, height), interpolation=cv2.INTER_CUBIC)
    before = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    fine = cv2.subtract(image, before, dtype=cv2.CV_16S)
    kept = np.sign(fine) * np.maximum(np.abs(fine) - round(FINE_SHARE * sigma), 0)
    return cv2.add(coarse, kept.astype(np.int16), dtype=cv2.CV_8U)  # type: ignore[return-value]


def _denoised(image: Pixels, sigma: float) -> Pixels:
    """Fine grain taken out at full size, then clumps of it at half size."""
    fine = _smoothed(image, sigma)
    height, width = image.shape[:2]
    half = (max(1, width // 2), max(1, height // 2))
    clumped = measure(cv2.resize(image, half, interpolation=cv2.INTER_AREA))  # type: ignore[arg-type]
    small = cv2.resize(fine, half, interpolation=cv2.INTER_AREA)
    change = cv2.subtract(_smoothed(small, clumped), small, dtype=cv2.CV_16S)  # type: ignore[arg-type]
    change = cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.add(fine, change, dtype=cv2.CV_8U)  # type: ignore[return-value]


def _smoothed(image: Pixels, sigma: float) -> Pixels:
    level = min(GRAIN_FACTOR * sigma, MOST_SIGMA)
    if ffdnet.is_available():
        return ffdnet.denoise(image, level)
    strength = 0.6 * level
    return cv2.fastNlMeansDenoisingColored(image, None, strength, strength, 5, 15)  # type: ignore[return-value]
