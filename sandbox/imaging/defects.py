"""Finds scratches, creases and dust, and fills them from their surroundings.

A scratch lies over the picture: it is lighter or darker than both its sides, its sides are alike
(at the edge of a thing they are not), it goes on for a long way, and it is as light as bare paper
or as dark as a hole. A speck is the same all around. Both rules are made stricter on faces, where
a wrong guess costs a likeness, and a mask that covers too much is a misreading and is not used.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sandbox.imaging.codec import Pixels
from sandbox.imaging.faces import FaceWeights

Plane = NDArray[Any]
"""Height × width, float32, lightness steps of 0-255."""
Mask = NDArray[Any]
"""Height × width, bool."""

WORK_PIXELS = 800_000
MOST_COVERED = 0.075  # a mask that covers more has found the picture, not its damage
STRICTNESS = (1.0, 1.7, 2.4)  # tried in turn until the mask covers little enough
FILL_RADIUS_PX = 4

# Lengths below are at the working size.
SIDES_PX = (3, 6)  # how far to either side of a line its surroundings are looked at
DIRECTIONS, SAME_DIRECTIONS, RUN_PX = 16, 4, 35
LINE_CONTRAST, LINE_USUAL = 8.0, 2.0  # lightness steps; times what runs usually show around
USUAL_PX = 101
LINE_LEAST_PX = 1.7 * RUN_PX  # in a small picture; what is shorter is lost among its details
LINE_LEAST_SHARE, LINE_SEED_SHARE = 0.06, 0.3  # of the diagonal; of the line's own pixels
LINE_MOST_THICK_PX = 8.0
LINE_MOST_NARROWNESS = 0.12  # a scratch may bend a little
LINE_MOST_ON_FACE = 0.6  # of its length, unless it is longer than a feature of a face
FEATURE_SHARE = 0.33  # of the height of a face's surroundings: mouths, brows, frames of glasses
LINE_LEAST_PROMINENCE = 8.0  # times what runs usually show around
LONG_TIMES = 3.3  # the least reach: so long a line needs less of the rest to be believed
LONG_SEED_SHARE, LONG_LEAST_PROMINENCE = 0.08, 6.5
PALE_CHROMA = 6.0  # bare paper is hardly more coloured than the picture's middle
RING_PX, RING_SAMPLES = 8, 16
SPECK_CONTRAST, SPECK_MOST_PX = 22.0, 13
CROWD_PX, CROWD_MOST = 61, 4  # more specks than this within such a square are writing or texture
LIGHT_SHARE, DARK_SHARE = 65, 38  # percentiles of lightness beyond which damage is plausible


def fill(image: Pixels, mask: Mask) -> Pixels:
    """`image` with what `mask` covers filled from around it."""
    if not mask.any():
        return image
    return cv2.inpaint(image, mask.astype(np.uint8), FILL_RADIUS_PX, cv2.INPAINT_TELEA)  # type: ignore[return-value]


def find(image: Pixels, faces: FaceWeights, *, looks_new: bool = False) -> Mask:
    """Where `image` is damaged, at its own size. Best asked of a picture without grain.

    `looks_new` says that nothing else speaks of age: then only plain damage is believed.
    """
    height, width = image.shape[:2]
    ratio = min(1.0, (WORK_PIXELS / (height * width)) ** 0.5)
    size = (max(24, round(width * ratio)), max(24, round(height * ratio)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    lab = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), 0.8)
    light = lab[..., 0]
    chroma = np.hypot(lab[..., 1] - 128, lab[..., 2] - 128)
    pale = chroma <= np.median(chroma) + PALE_CHROMA
    on_face = faces.weight(size[1], size[0]) > 0.3
    signed = (
        (light, np.percentile(light, LIGHT_SHARE)),
        (
            255 - light,
            255 - np.percentile(light, DARK_SHARE),
        ),
    )
    for strictness in STRICTNESS[1:] if looks_new else STRICTNESS:
        mask = np.zeros(light.shape, np.bool_)
        for index, (plane, least) in enumerate(signed):
            mask |= _lines(plane, least, strictness, on_face, pale)
            mask |= _specks(plane, least, strictness, on_face, on_faces_too=index == 0)
        if mask.mean() <= MOST_COVERED:
            break
    else:
        return np.zeros((height, width), np.bool_)
    grown = cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    if ratio == 1:
        return grown.astype(np.bool_)
    return cv2.resize(grown, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.bool_)


def _lines(light: Plane, least: float, strictness: float, on_face: Mask, pale: Mask) -> Mask:
    """Long thin things lighter than both their sides."""
    best, local = np.zeros_like(light), np.zeros_like(light)
    direction = np.zeros(light.shape, np.uint8)
    for index in range(DIRECTIONS):
        angle = index * np.pi / DIRECTIONS
        ridge = np.maximum.reduce([_ridge(light, angle, side) for side in SIDES_PX])
        np.maximum(local, ridge, out=local)
        run = cv2.filter2D(np.clip(ridge, -15, 45), -1, _run_kernel(angle))
        direction[run > best] = index
        np.maximum(best, run, out=best)
    usual = cv2.blur(np.clip(best, 0, 30), (USUAL_PX, USUAL_PX))
    contrast = strictness * (LINE_CONTRAST + LINE_USUAL * usual)
    seeds = (best > contrast) & (local > 0.3 * contrast) & (light > least) & pale
    # A scratch goes on, fainter, where it crosses something nearly as light.
    trace = (best > 0.7 * contrast) & (local > 0.35 * contrast) & pale
    kept = np.zeros(light.shape, np.bool_)
    for first in range(0, DIRECTIONS, 2):  # by direction, so that lines that cross stay apart
        alike = (direction.astype(np.int16) - first) % DIRECTIONS < SAME_DIRECTIONS
        kept |= _scratches(trace & alike, seeds, best, usual, strictness, on_face)
    # The whole width of what was found, not only its crest.
    wide = cv2.dilate(kept.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.bool_)
    return kept | (wide & (local > 0.3 * contrast))


def _scratches(
    trace: Mask, seeds: Mask, best: Plane, usual: Plane, strictness: float, on_face: Mask
) -> Mask:
    """Those connected parts of `trace` that have a scratch's length, shape and prominence."""
    joined = cv2.morphologyEx(trace.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]

    def mean(of: Mask | Plane) -> Plane:
        """The mean of `of` over each connected part."""
        return np.bincount(labels.ravel(), of.ravel(), minlength=len(area)) / np.maximum(area, 1)

    reach = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    least_px = max(LINE_LEAST_SHARE * float(np.hypot(*trace.shape)), LINE_LEAST_PX)
    prominence = mean(seeds * best) / np.maximum(mean(seeds * usual), 1e-3)
    is_long = reach >= LONG_TIMES * strictness * least_px
    keep = (
        (reach >= strictness * least_px)
        & (4 * mean(cv2.distanceTransform(joined, cv2.DIST_L2, 3)) <= LINE_MOST_THICK_PX)
        & (mean(seeds) > np.where(is_long, LONG_SEED_SHARE, LINE_SEED_SHARE))
        & (prominence >= np.where(is_long, LONG_LEAST_PROMINENCE, LINE_LEAST_PROMINENCE))
        & ((mean(on_face) < LINE_MOST_ON_FACE) | (reach > _feature_px(on_face)))
    )
    keep[0] = False
    candidates = np.flatnonzero(keep)
    narrow = [_narrowness(labels == each) <= LINE_MOST_NARROWNESS for each in candidates]
    keep[candidates] = narrow
    scratches: Mask = keep[labels]
    return scratches


def _feature_px(on_face: Mask) -> float:
    """What a feature of the largest face may measure; no line is that long on a face by nature."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(on_face.astype(np.uint8))
    return FEATURE_SHARE * float(stats[1:, cv2.CC_STAT_HEIGHT].max(initial=0))


def _narrowness(part: Mask) -> float:
    """How wide a part is spread for its length: 0 for a straight line."""
    spread = np.linalg.eigvalsh(np.cov(np.argwhere(part), rowvar=False))
    return float(np.sqrt(max(spread[0], 0) / max(spread[1], 1e-6)))


def _ridge(light: Plane, angle: float, side_px: int) -> Plane:
    """By how much each pixel is lighter than its lighter side, less the sides' own difference."""
    dx, dy = round(-side_px * np.sin(angle)), round(side_px * np.cos(angle))
    margin = side_px + 1
    padded = cv2.copyMakeBorder(light, margin, margin, margin, margin, cv2.BORDER_REFLECT)
    height, width = light.shape

    def side(sign: int) -> Plane:
        y, x = margin + sign * dy, margin + sign * dx
        return padded[y : y + height, x : x + width]

    one, other = side(1), side(-1)
    ridge: Plane = light - np.maximum(one, other) - 0.6 * np.abs(one - other)
    return ridge


def _run_kernel(angle: float) -> Plane:
    """A straight run through the middle, with weights that sum to 1."""
    kernel: Plane = np.zeros((RUN_PX, RUN_PX), np.float32)
    middle, half = RUN_PX // 2, RUN_PX // 2
    dx, dy = half * np.cos(angle), half * np.sin(angle)
    start = (round(middle - dx), round(middle - dy))
    cv2.line(kernel, start, (round(middle + dx), round(middle + dy)), (1.0,))
    kernel /= kernel.sum()
    return kernel


def _specks(
    light: Plane, least: float, strictness: float, on_face: Mask, *, on_faces_too: bool
) -> Mask:
    """Small things lighter than all that surrounds them, where that is even and they are few."""
    ring = np.zeros((2 * RING_PX + 1, 2 * RING_PX + 1), np.uint8)
    for angle in np.arange(RING_SAMPLES) * (2 * np.pi / RING_SAMPLES):
        y, x = RING_PX + round(RING_PX * np.sin(angle)), RING_PX + round(RING_PX * np.cos(angle))
        ring[y, x] = 1
    lightest, darkest = cv2.dilate(light, ring), cv2.erode(light, ring)
    excess = light - lightest
    uneven = (lightest - darkest) * np.where(on_face, 1.5, 0.6).astype(np.float32)
    contrast = strictness * SPECK_CONTRAST
    mask = (excess > np.maximum(contrast, uneven)) & (light > least)
    if not on_faces_too:
        mask &= ~on_face  # pupils, nostrils and moles are dark specks too
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    sides = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (sides <= SPECK_MOST_PX) & (stats[:, cv2.CC_STAT_AREA] >= 2)
    keep[0] = False
    density = np.zeros_like(light)
    rows, columns = centres[keep, 1].astype(int), centres[keep, 0].astype(int)
    density[rows, columns] = 1
    crowd = cv2.boxFilter(density, -1, (CROWD_PX, CROWD_PX), normalize=False)
    keep[np.flatnonzero(keep)[crowd[rows, columns] > CROWD_MOST + 0.5]] = False
    specks = cv2.dilate(keep[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return specks.astype(np.bool_)
