"""One model, offered for one photo: its form, its price and our advice."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.catalog import Quote, RestorationModel
from jobs.forms import RestorationForm
from jobs.models import Photo, PhotoState


@dataclass(frozen=True)
class Offer:
    """One model for this photo: its form, its price, and what we'd say about it."""

    model: RestorationModel
    form: RestorationForm
    quote: Quote | None
    advice: str
    click_key: uuid.UUID
    missing_micros: int

    @property
    def error(self) -> str:
        """Why there is no price, in the first words that the form has for it."""
        for name, words in self.form.errors.items():
            field = self.form.fields.get(name)
            return f"{field.label}: {words[0]}" if field else str(words[0])
        return ""


def make_offer(
    *,
    photo: Photo,
    model: RestorationModel,
    available_micros: int,
    data: Mapping[str, Any] | None = None,
) -> Offer:
    """What stands on one model's card; `data` is a form that was sent, else the defaults."""
    form = RestorationForm(model=model, photo=photo, data=data)
    price = form.quote() if data is None or form.is_valid() else None
    return Offer(
        model=model,
        form=form,
        quote=price,
        advice=(
            model.advise([face["width"] for face in photo.faces])
            if photo.state == PhotoState.PREPARED
            else ""  # nobody has looked for faces yet
        ),
        click_key=uuid.uuid4(),
        missing_micros=max(0, price.total_micros - available_micros) if price else 0,
    )
