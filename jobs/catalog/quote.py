"""What a price is for, and the quote made from it, in whole micro-dollars (1 USD = 1,000,000).

The catalogue knows no price: the price list does (`jobs.prices`), and whoever quotes says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts import kept
from accounts.figures import rounded
from accounts.money import dollars

PIXELS_IN_A_MEGAPIXEL = 1_000_000
PRINT_DPI = 300
CM_IN_AN_INCH = 2.54
# A job keeps them, filled in, as they stand here (`accounts.kept`).
ROUNDED_UP = kept.sentence(gettext_noop("%(megapixels)s MP out × %(price)s, rounded up"))
EXACT = kept.sentence(gettext_noop("%(megapixels)s MP out × %(price)s"))


@dataclass(frozen=True)
class Quote:
    """The exact price of one restoration, shown before the click and frozen into the job.

    `vendor_cost_micros` is what the vendor takes for it.
    """

    total_micros: int
    vendor_cost_micros: int
    output_width_px: int
    output_height_px: int
    explanation: str

    @property
    def print_words(self) -> str:
        return print_size(self.output_width_px, self.output_height_px)


def megapixels(pixels: int) -> str:
    """Megapixels to one decimal, or more where one would say nothing."""
    value = pixels / PIXELS_IN_A_MEGAPIXEL
    decimals = 1 if value >= 0.1 else 3
    return f"{rounded(value, decimals)} MP"


def print_size(width_px: int, height_px: int) -> str:
    """How large it prints, in cm and inches, at 300 dots an inch: what a photo lab asks for."""
    inches = width_px / PRINT_DPI, height_px / PRINT_DPI
    cm = " × ".join(rounded(side * CM_IN_AN_INCH, 1) for side in inches)
    # Translators: how large a picture prints, in centimetres and in inches.
    return _("%(cm)s cm (%(inches)s in)") % {
        "cm": cm,
        "inches": " × ".join(rounded(side, 1) for side in inches),
    }


@dataclass(frozen=True)
class PerRequest:
    """The same price whatever the picture."""

    unit = lazy("a photo")
    shrinks = False  # a smaller picture costs the same

    def total(self, output_pixels: int, unit_micros: int) -> int:
        return unit_micros

    def price_words(self, unit_micros: int) -> str:
        return _("%(price)s a photo") % {"price": dollars(unit_micros)}

    def explain(self, output_pixels: int, unit_micros: int) -> str:
        return _("one price for any photo")


@dataclass(frozen=True)
class PerMegapixel:
    """A price for each megapixel of the *output*, rounded up once."""

    unit = lazy("a megapixel of the result")
    shrinks = True

    def total(self, output_pixels: int, unit_micros: int) -> int:
        return -(-output_pixels * unit_micros // PIXELS_IN_A_MEGAPIXEL)

    def price_words(self, unit_micros: int) -> str:
        return _("%(price)s a megapixel of the result") % {"price": dollars(unit_micros)}

    def explain(self, output_pixels: int, unit_micros: int) -> str:
        megapixels = Decimal(output_pixels) / PIXELS_IN_A_MEGAPIXEL
        decimals = max(0, -int(megapixels.normalize().as_tuple().exponent))
        exact = rounded(megapixels, decimals)
        if output_pixels * unit_micros % PIXELS_IN_A_MEGAPIXEL:
            words = gettext(ROUNDED_UP)
        else:
            words = gettext(EXACT)
        return words % {"megapixels": exact, "price": dollars(unit_micros)}
