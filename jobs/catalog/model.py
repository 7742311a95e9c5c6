"""What is known of one restoration model, and what follows from it: quote, payload, words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from jobs.catalog.parameters import Parameter
from jobs.catalog.quote import PerMegapixel, PerRequest, Quote
from jobs.catalog.route import Route

SIZE_TOLERANCE = 0.8  # models round each side to multiples of their own
OWN_SIZE_PIXELS = 500_000  # what a model makes at least that doesn't keep the photo's size


@dataclass(frozen=True, kw_only=True)
class RestorationModel:
    """What we know of one model.

    `routes` are the vendors that run it, the usual one first. `advise` is told how wide each face
    in the photo is, in px.
    """

    key: str
    name: str
    maker: str
    tagline: str | Promise
    good_for: str | Promise
    honest_limit: str | Promise
    routes: tuple[Route, ...]
    parameters: tuple[Parameter, ...]
    basis: PerRequest | PerMegapixel
    advise: Callable[[Sequence[int]], str]
    scale_parameter: str | None = None

    @property
    def usual(self) -> Route:
        """The route that it takes unless there is a reason not to."""
        return self.routes[0]

    @property
    def vendor(self) -> str:
        """Who runs it, usually."""
        return self.usual.vendor

    def route(self, vendor: str) -> Route:
        """This vendor's route. Raises KeyError when it has none."""
        for route in self.routes:
            if route.vendor == vendor:
                return route
        raise KeyError(vendor)

    def price_words(self, price_micros: int) -> str:
        """A price for one unit, in words: "$0.0031 a photo"."""
        return self.basis.price_words(price_micros)

    def defaults(self) -> dict[str, Any]:
        """What the vendor assumes when nothing is said."""
        return {p.key: getattr(p, "default", None) for p in self.parameters}

    def paints_the_same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether two settings of it differ in nothing that changes the picture."""
        return all(
            one.get(parameter.key) == other.get(parameter.key)
            for parameter in self.parameters
            if parameter.changes_picture
        )

    def output_size(
        self, *, width_px: int, height_px: int, parameters: Mapping[str, Any]
    ) -> tuple[int, int]:
        """Width and height of the result for a prepared picture of this size, in px."""
        scale = int(parameters[self.scale_parameter]) if self.scale_parameter else 1
        return width_px * scale, height_px * scale

    def least_pixels(self, *, width_px: int, height_px: int, parameters: Mapping[str, Any]) -> int:
        """With fewer pixels, a result ordered in this size is not what was ordered (decision 16).

        A model that chooses its own size may make a large photo smaller. Of the others, one with a
        price for each photo must do all that it was paid for; one with a price for each megapixel
        may do less, which costs less, but never make the photo smaller than it was.
        """
        if self.scale_parameter is None:
            return int(SIZE_TOLERANCE * min(width_px * height_px, OWN_SIZE_PIXELS))
        enlarged = int(parameters[self.scale_parameter]) ** 2 if self.basis.shrinks else 1
        return int(SIZE_TOLERANCE * width_px * height_px / enlarged)

    def quote(
        self,
        *,
        width_px: int,
        height_px: int,
        parameters: Mapping[str, Any],
        price_micros: int,
        cost_micros: int,
    ) -> Quote:
        """What a picture of this size costs at these micro-dollars a unit, rounded once, up."""
        width, height = self.output_size(
            width_px=width_px, height_px=height_px, parameters=parameters
        )
        return Quote(
            total_micros=self.basis.total(width * height, price_micros),
            vendor_cost_micros=self.basis.total(width * height, cost_micros),
            output_width_px=width,
            output_height_px=height,
            explanation=self.basis.explain(width * height, price_micros),
        )

    def words_for(self, parameters: Mapping[str, Any]) -> str:
        """A member's settings in a line: the plain ones, and what differs from a default."""
        return "; ".join(
            parameter.words(parameters[parameter.key])
            for parameter in self.parameters
            if not parameter.settled
            and parameters.get(parameter.key) is not None
            and not (
                parameter.advanced and parameters[parameter.key] == self.defaults()[parameter.key]
            )
        )
