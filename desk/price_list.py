"""The price list as its page shows it: what is in force, what comes, what was, what it means."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from jobs.catalog import MODELS, Quote, RestorationModel
from jobs.catalog.quote import PerRequest
from jobs.models import Price

# Width and height in px, and the scale: a snapshot, the same enlarged, a large scan enlarged.
EXAMPLES = ((1600, 1250, 1), (1600, 1250, 2), (4000, 3000, 2))


@dataclass(frozen=True)
class ModelPrices:
    """A model's versions, newest first, and where now stands among them."""

    model: RestorationModel
    versions: list[Price]
    now: datetime

    @property
    def in_force(self) -> Price | None:
        return next((price for price in self.versions if price.effective_from <= self.now), None)

    @property
    def coming(self) -> list[Price]:
        """Published and not yet in force, the next one first."""
        return [price for price in self.versions if price.effective_from > self.now][::-1]


@dataclass(frozen=True)
class Example:
    """What a photo would cost, now and then."""

    words: str
    before: Quote | None
    after: Quote

    @property
    def margin_micros(self) -> int:
        return self.after.total_micros - self.after.vendor_cost_micros


def all_prices(now: datetime) -> list[ModelPrices]:
    """Every model of the catalogue with its versions; one query."""
    versions: defaultdict[str, list[Price]] = defaultdict(list)
    for price in Price.objects.select_related("set_by").order_by("-effective_from"):
        versions[price.model_key].append(price)
    return [ModelPrices(model, versions[model.key], now) for model in MODELS.values()]


def prices_of(model: RestorationModel, now: datetime) -> ModelPrices:
    versions = Price.objects.filter(model_key=model.key).select_related("set_by")
    return ModelPrices(model, list(versions.order_by("-effective_from")), now)


def examples(
    model: RestorationModel, *, price_micros: int, cost_micros: int, before: Price | None
) -> list[Example]:
    """What these amounts mean for a photo or three."""
    found = []
    for width, height, scale in EXAMPLES[:1] if isinstance(model.basis, PerRequest) else EXAMPLES:
        parameters = model.defaults()
        if model.scale_parameter:
            parameters[model.scale_parameter] = scale

        def quote(price: int, cost: int) -> Quote:
            return model.quote(
                width_px=width,  # noqa: B023  called before the loop goes on
                height_px=height,  # noqa: B023
                parameters=parameters,  # noqa: B023
                price_micros=price,
                cost_micros=cost,
            )

        found.append(
            Example(
                words=_words(model, width * height, scale),
                before=quote(before.price_micros, before.cost_micros) if before else None,
                after=quote(price_micros, cost_micros),
            )
        )
    return found


def _words(model: RestorationModel, pixels: int, scale: int) -> str:
    if isinstance(model.basis, PerRequest):
        return _("Any photo")
    return _("A %(megapixels)s MP photo at ×%(scale)s") % {
        "megapixels": pixels // 1_000_000,
        "scale": scale,
    }
