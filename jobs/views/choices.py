"""All cards of a photo's page: what is filled in and ticked there, by hand or by a preset."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import QueryDict

from jobs import catalog, prices
from jobs.catalog import RestorationModel
from jobs.catalog.presets import Preset, presets_for
from jobs.models import Photo, PhotoState, Price
from jobs.steps import orderable
from jobs.views.offers import (
    Offer,
    Purse,
    Total,
    make_offer,
    model_named,
    shown_before,
    shown_now,
)


@dataclass(frozen=True)
class PresetCard:
    """A preset, with what it would cost."""

    preset: Preset
    total: Total
    is_chosen: bool

    @property
    def models(self) -> list[RestorationModel]:
        return [catalog.MODELS[key] for key in self.preset.settings]

    @property
    def leads_to(self) -> str:
        """The part of the page where it is filled in."""
        return "several" if self.preset.is_comparison else f"offer-{self.models[0].key}"


@dataclass(frozen=True)
class Choice:
    """The cards, and what those that are ticked cost together."""

    offers: Sequence[Offer]
    purse: Purse
    presets: Sequence[PresetCard] = ()

    @property
    def ticked(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.is_ticked]

    @property
    def is_comparison(self) -> bool:
        """One alone is ordered from its own card."""
        return len(self.ticked) > 1

    @property
    def problem(self) -> Offer | None:
        """The first that is ticked and has no price; its form says why."""
        return next((offer for offer in self.ticked if offer.quote is None), None)

    @property
    def total(self) -> Total:
        return Total([offer.quote for offer in self.ticked if offer.quote], self.purse)


def click_key_after(photo: Photo, *, orders: int) -> uuid.UUID:
    """Of all clicks on a page that shows so many orders of the photo.

    Two tabs that show the same order the same once (decision 26).
    """
    return uuid.uuid5(photo.pk, f"after {orders} orders")


def token_name(model: RestorationModel) -> str:
    """What the field is called that names the price on a model's card."""
    return f"{model.key}-price_token"


def ticked_in(sent: QueryDict) -> list[RestorationModel]:
    """Raises Http404 for what is no model."""
    said = {model_named(key).key for key in sent.getlist("tick")}
    return [model for key, model in catalog.MODELS.items() if key in said]


def choice_sent(
    *, photo: Photo, purse: Purse, sent: QueryDict, about: Iterable[RestorationModel]
) -> Choice:
    """What the form says of these models, at the prices that its page showed.

    Raises Http404 when one is not offered.
    """
    ticked = ticked_in(sent)
    offers = [
        make_offer(
            photo=photo,
            model=model,
            shown=shown_before(model, sent.get(token_name(model), "")),
            purse=purse,
            data=sent,
            is_ticked=model in ticked,
        )
        for model in about
    ]
    return Choice(offers, purse)


def choice_on_page(
    *,
    photo: Photo,
    purse: Purse,
    sent: QueryDict | None = None,
    about: Collection[RestorationModel] = (),
    preset: str = "",
) -> Choice:
    """All that is offered now; what was `sent` counts for these models and for the cards in it."""
    listed = prices.price_list()
    presets = _presets(photo, purse, listed, chosen=preset)
    begun = next((card.preset for card in presets if card.is_chosen), None)
    offers: list[Offer] = []
    for model in (model for key, model in catalog.MODELS.items() if key in listed):
        if sent is not None and (model in about or token_name(model) in sent):
            offers += choice_sent(photo=photo, purse=purse, sent=sent, about=[model]).offers
        else:
            shown = shown_now(listed[model.key])
            offers.append(
                make_offer(photo=photo, model=model, shown=shown, purse=purse, preset=begun)
            )
    return Choice(offers, purse, presets)


def _presets(
    photo: Photo, purse: Purse, listed: Mapping[str, Price], *, chosen: str
) -> list[PresetCard]:
    """None before anybody looked for faces."""
    if photo.state != PhotoState.PREPARED:
        return []
    found = presets_for(
        face_widths=photo.face_widths,
        width_px=photo.width_px,
        height_px=photo.height_px,
        most_pixels=settings.RESULT_MAX_PIXELS,
    )
    return [
        PresetCard(preset, Total(_quotes(photo, preset, listed), purse), preset.key == chosen)
        for preset in found
        if listed.keys() >= preset.settings.keys()
    ]


def _quotes(photo: Photo, preset: Preset, listed: Mapping[str, Price]) -> list[catalog.Quote]:
    return [
        orderable.quote(
            photo=photo,
            model=catalog.MODELS[key],
            parameters={**catalog.MODELS[key].defaults(), **filled},
            price=listed[key],
        )
        for key, filled in preset.settings.items()
    ]
