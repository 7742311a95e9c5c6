"""What a model is offered for: its form, the price it is shown at, our advice, and the purse."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from accounts import ledger
from accounts.models import User
from jobs import catalog, prices
from jobs.catalog import Quote, RestorationModel, advice
from jobs.catalog.presets import Preset
from jobs.forms.restorations import RestorationForm
from jobs.models import Photo, PhotoState, Price
from jobs.steps import order


@dataclass(frozen=True)
class Purse:
    """What a member can spend now: what is there, and what their own monthly limit allows."""

    available_micros: int
    room_micros: int | None

    def missing(self, total_micros: int) -> int:
        """How much the wallet is short of this."""
        return max(0, total_micros - self.available_micros)

    def over_limit(self, total_micros: int) -> int:
        """How much this would go over the month's limit."""
        return 0 if self.room_micros is None else max(0, total_micros - self.room_micros)


def purse_of(user: User) -> Purse:
    wallet = ledger.wallet_of(user)
    limited = wallet.monthly_limit_micros is not None
    return Purse(wallet.available_micros, ledger.room_in_month(user) if limited else None)


@dataclass(frozen=True)
class Total:
    """What these cost together, and what stands in the way of spending it; in micro-dollars."""

    quotes: Sequence[Quote]
    purse: Purse

    @property
    def count(self) -> int:
        return len(self.quotes)

    @property
    def micros(self) -> int:
        return sum(quote.total_micros for quote in self.quotes)

    @property
    def missing_micros(self) -> int:
        return self.purse.missing(self.micros)

    @property
    def over_limit_micros(self) -> int:
        return self.purse.over_limit(self.micros)


@dataclass(frozen=True)
class Shown:
    """The price that a page shows for a model. `held`: an earlier page's, which still holds."""

    price: Price
    token: str
    held: bool = False

    @property
    def words(self) -> str:
        return catalog.MODELS[self.price.model_key].price_words(self.price.price_micros)


def shown_now(price: Price) -> Shown:
    """As a page opens."""
    return Shown(price=price, token=prices.token(price))


def shown_before(model: RestorationModel, token: str) -> Shown:
    """The price that the page at hand showed, while it holds; else today's.

    Raises Http404 for a model that has no price.
    """
    held = prices.named(token, model_key=model.key)
    if held is not None:
        return Shown(price=held, token=token, held=True)
    today = prices.price_list().get(model.key)
    if today is None:
        raise Http404(_("This model is not offered."))
    return shown_now(today)


def model_named(key: str) -> RestorationModel:
    """Raises Http404."""
    try:
        return catalog.MODELS[key]
    except KeyError:
        raise Http404(_("There is no such model.")) from None


def advice_for(model: RestorationModel, photo: Photo) -> str:
    """What we'd say about the model for this photo; nothing before anybody looked for faces."""
    if photo.state != PhotoState.PREPARED:
        return ""
    return model.advise(photo.face_widths)


def warning_for(photo: Photo) -> str:
    """What to know before the click, whichever model it is; mostly nothing."""
    return advice.small_face_warning(photo.face_widths)


def is_to_begin_with(model: RestorationModel, photo: Photo) -> bool:
    """Whether we'd suggest it for this photo."""
    return photo.state == PhotoState.PREPARED and model.key in advice.where_to_begin(
        photo.face_widths
    )


@dataclass(frozen=True)
class Offer:
    """One model for this photo: its form, its price, and what we'd say about it."""

    model: RestorationModel
    form: RestorationForm
    shown: Shown
    quote: Quote | None
    total: Total
    advice: str
    is_suggested: bool
    is_ticked: bool
    filled_by: Preset | None

    def order(self, photo: Photo, *, click_key: uuid.UUID, shown_micros: int) -> order.Order:
        """Of what the card shows. One click may order several models: each has a key of its own."""
        click = order.Click(
            key=uuid.uuid5(click_key, self.model.key),
            agreed_micros=shown_micros if self.shown.held else None,
        )
        return order.Order(
            model=self.model,
            parameters=self.form.settings,
            price=self.shown.price,
            clicks={photo.pk: click},
        )


def make_offer(
    *,
    photo: Photo,
    model: RestorationModel,
    shown: Shown,
    purse: Purse,
    data: Mapping[str, Any] | None = None,
    preset: Preset | None = None,
    is_ticked: bool = False,
) -> Offer:
    """What stands on one model's card; `data` is a form that was sent, else it is filled in as the
    `preset` says, if that is about this model, and with the defaults."""
    filled_by = preset if preset and model.key in preset.settings else None
    filled = filled_by.settings[model.key] if filled_by else None
    form = RestorationForm(model=model, photo=photo, data=data, initial=filled)
    quote = form.quote(shown.price) if data is None or form.is_valid() else None
    return Offer(
        model=model,
        form=form,
        shown=shown,
        quote=quote,
        total=Total([quote] if quote else [], purse),
        advice=advice_for(model, photo),
        is_suggested=is_to_begin_with(model, photo),
        is_ticked=is_ticked or bool(filled_by and filled_by.is_comparison),
        filled_by=filled_by,
    )
