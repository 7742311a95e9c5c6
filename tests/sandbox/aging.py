"""Ages a clean photograph as time does, repeatably: scratches, specks, fading, sepia, grain."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def scratched(image: Pixels, *, lines: int = 10, specks: int = 40, seed: int = 1) -> Pixels:
    """Thin light and dark lines from edge to edge or part of the way, and small spots."""
    dice = np.random.default_rng(seed)
    height, width = image.shape[:2]
    aged = image.copy()
    for index in range(lines):
        start = dice.uniform((0, 0), (width, height))
        angle = dice.normal(np.pi / 2, 0.5)
        steps = np.linspace(0, dice.uniform(0.2, 0.7) * height, 12)
        wobble = np.cumsum(dice.normal(0, 1.2, steps.size))
        xs = start[0] + steps * np.cos(angle) + wobble
        ys = start[1] + steps * np.sin(angle)
        path = np.stack([xs, ys], axis=1).round().astype(np.int32)
        shade = (236, 232, 222) if index % 3 else (38, 34, 30)
        cv2.polylines(aged, [path], False, shade, int(dice.integers(1, 4)), cv2.LINE_AA)
    for index in range(specks):
        centre = tuple(int(value) for value in dice.uniform((0, 0), (width, height)))
        shade = (236, 232, 222) if index % 3 else (38, 34, 30)
        cv2.circle(aged, centre, int(dice.integers(1, 4)), shade, -1, cv2.LINE_AA)
    return aged


def faded(image: Pixels, *, black: int = 40, white: int = 205) -> Pixels:
    """Contrast lost at both ends."""
    return (black + image.astype(np.float32) * (white - black) / 255).round().astype(np.uint8)


def sepia(image: Pixels) -> Pixels:
    """A black-and-white print whose silver has turned brown."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] / 255
    toned = grey ** np.array([0.85, 1.0, 1.25], np.float32) * (250, 236, 205)
    return toned.round().clip(0, 255).astype(np.uint8)


def grainy(image: Pixels, *, sigma: float = 10, seed: int = 2) -> Pixels:
    """Film grain: the same in all channels, a little wider than a pixel."""
    white = np.random.default_rng(seed).normal(0, 1, image.shape[:2]).astype(np.float32)
    noise = cv2.GaussianBlur(white, (0, 0), 0.6)
    noise *= sigma / noise.std()
    return (image + noise[..., None]).round().clip(0, 255).astype(np.uint8)


def psnr(image: Pixels, clean: Pixels) -> float:
    """Peak signal to noise, in dB; more is closer."""
    return float(cv2.PSNR(image, clean))


def ssim(image: Pixels, clean: Pixels) -> float:
    """Structural similarity of the lightness in [−1, 1] (Wang et al., 2004)."""
    one, other = (
        cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float64) for each in (image, clean)
    )

    def blur(values: NDArray[Any]) -> NDArray[Any]:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mean_one, mean_other = blur(one), blur(other)
    variance_one = blur(one * one) - mean_one**2
    variance_other = blur(other * other) - mean_other**2
    covariance = blur(one * other) - mean_one * mean_other
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = ((2 * mean_one * mean_other + c1) * (2 * covariance + c2)) / (
        (mean_one**2 + mean_other**2 + c1) * (variance_one + variance_other + c2)
    )
    return float(values.mean())
