"""What a restoration costs. Amounts are whole micro-dollars (1 USD = 1,000,000)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from accounts.money import dollars

PIXELS_IN_A_MEGAPIXEL = 1_000_000


@dataclass(frozen=True)
class Quote:
    """The exact price of one restoration, shown before the click and frozen into the job."""

    total_micros: int
    output_width_px: int
    output_height_px: int
    explanation: str

    @property
    def output_pixels(self) -> int:
        return self.output_width_px * self.output_height_px


def megapixels(pixels: int) -> str:
    """Megapixels to one decimal, or more where one would say nothing."""
    value = pixels / PIXELS_IN_A_MEGAPIXEL
    return f"{value:,.1f} MP" if value >= 0.1 else f"{value:.3f} MP"


@dataclass(frozen=True)
class PerRequest:
    """The same price whatever the picture."""

    price: Callable[[], int]

    def total(self, output_pixels: int) -> int:
        return self.price()

    def explain(self, output_pixels: int) -> str:
        return "one price for any photo"

    def words(self) -> str:
        return f"{dollars(self.price())} a photo"


@dataclass(frozen=True)
class PerMegapixel:
    """A price for each megapixel of the *output*, rounded up once."""

    price: Callable[[], int]

    def total(self, output_pixels: int) -> int:
        return -(-output_pixels * self.price() // PIXELS_IN_A_MEGAPIXEL)

    def explain(self, output_pixels: int) -> str:
        return f"{megapixels(output_pixels)} out × {dollars(self.price())}"

    def words(self) -> str:
        return f"{dollars(self.price())} a megapixel of the result"
