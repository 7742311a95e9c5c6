"""Brings back faded tones: neutral greys for a toned monochrome, contrast and balance for colour.

Promises to do nothing where nothing is amiss: each correction is in proportion to what was lost.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sandbox.imaging.codec import Pixels

LOOK_SIDE_PX = 256
TONE_BINS = 16
MONOCHROME_CHROMA = 6.5  # Lab steps: no more than this of colour that lightness does not explain
CLIP_PERCENT = 0.4
FULL_BLACK, FULL_WHITE = 14, 241  # a print whose tones reach both has not faded
NATURAL, FADED = 8.0, 40.0  # steps missing at both ends: in any scene; more, in a faded print
MOST_GAIN = 2.2
BALANCE = 0.5  # of the way to neutral whites and blacks: some of a cast is the light of that day
CLAHE_CLIP, CLAHE_MOST = 2.0, 0.12


def is_toned_monochrome(image: Pixels) -> bool:
    """Whether all the colour there is follows from lightness, as in sepia; not for a true colour.

    Judged at the 99th percentile, so that one small red thing in a grey scene keeps its red.
    """
    lab = cv2.cvtColor(_look(image), cv2.COLOR_RGB2LAB).astype(np.float32).reshape(-1, 3)
    lightness, colour = lab[:, 0], lab[:, 1:]
    edges = np.quantile(lightness, np.linspace(0, 1, TONE_BINS + 1)[1:-1])
    bins = np.digitize(lightness, edges)
    medians = np.array(
        [
            np.median(colour[bins == index], axis=0) if (bins == index).any() else (128, 128)
            for index in range(TONE_BINS)
        ]
    )
    unexplained = np.linalg.norm(colour - medians[bins], axis=1)
    return float(np.percentile(unexplained, 99)) < MONOCHROME_CHROMA


def neutral(image: Pixels) -> Pixels:
    """The same lightness without colour."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[return-value]


def unfade(image: Pixels) -> Pixels:
    """Full tones again, and half of a cast away."""
    look = _look(image)
    lows = np.percentile(look.reshape(-1, 3), CLIP_PERCENT, axis=0)
    highs = np.percentile(look.reshape(-1, 3), 100 - CLIP_PERCENT, axis=0)
    lost = float(np.maximum(lows - FULL_BLACK, 0).mean() + np.maximum(FULL_WHITE - highs, 0).mean())
    amount = min(1.0, max(0.0, lost - NATURAL) / FADED)
    if amount < 0.05:
        return image
    # Per channel, between the picture's own end points and those of the channel.
    low, high = float(lows.min()), float(highs.max())
    black = low + BALANCE * (lows - low)
    white = high + BALANCE * (highs - high)
    target_low, target_high = min(low, FULL_BLACK / 2), max(high, 250.0)
    gain = np.minimum((target_high - target_low) / np.maximum(white - black, 1), MOST_GAIN)
    steps = np.arange(256, dtype=np.float32)[:, None]
    curve = steps + amount * (target_low + (steps - black) * gain - steps)
    table = curve.round().clip(0, 255).astype(np.uint8)
    return _local_contrast(cv2.LUT(image, table[None]), amount)  # type: ignore[arg-type]


def _local_contrast(image: Pixels, amount: float) -> Pixels:
    """A little of what CLAHE makes of the lightness."""
    share = CLAHE_MOST * amount
    if share < 0.02:
        return image
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    equal = cv2.createCLAHE(CLAHE_CLIP, (4, 4)).apply(lab[..., 0])
    lab[..., 0] = cv2.addWeighted(equal, share, lab[..., 0], 1 - share, 0)
    return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)  # type: ignore[return-value]


def _look(image: Pixels) -> NDArray[np.uint8]:
    """A small copy, without grain, to judge tones on."""
    height, width = image.shape[:2]
    ratio = min(1.0, LOOK_SIDE_PX / max(height, width))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(small, 3)  # type: ignore[return-value]
