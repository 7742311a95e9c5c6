"""A detector's raw answer, and the rule that one face is reported once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SAME_FACE_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture that the detector saw, with the detector's score."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)


def overlap(one: Box, other: Box) -> float:
    """The common area over the united area, in [0, 1]."""
    common = Box(
        max(one.left, other.left),
        max(one.top, other.top),
        min(one.right, other.right),
        min(one.bottom, other.bottom),
        0.0,
    ).area
    united = one.area + other.area - common
    return common / united if united else 0.0


def distinct(boxes: Iterable[Box]) -> list[Box]:
    """The best box of each face: a box that overlaps a better one is the same face."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if all(overlap(box, better) < SAME_FACE_OVERLAP for better in kept):
            kept.append(box)
    return kept
