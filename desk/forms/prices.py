"""What billing staff fill in to publish a price."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import DollarsField
from accounts.money import dollars
from jobs import prices
from jobs.catalog import RestorationModel
from jobs.models import Price
from jobs.prices import MOST_REASON_LETTERS

LEAP = 10  # a change by more than this, up or down, may be a slip of the pen


class PriceForm(forms.Form):
    """A new version. `seen` names the amounts whose meaning the page has shown already."""

    price_micros = DollarsField(label=_("Price in dollars"))
    cost_micros = DollarsField(label=_("What the vendor takes, in dollars"))
    effective_from = forms.DateTimeField(
        label=_("From (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Leave empty to start at once."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MOST_REASON_LETTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    knows_the_loss = forms.BooleanField(required=False)
    means_it = forms.BooleanField(required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, model: RestorationModel, before: Price | None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.model, self.before = model, before
        unit = model.basis.unit
        self.fields["price_micros"].help_text = _("For %(unit)s.") % {"unit": unit}
        self.fields["cost_micros"].help_text = _("For %(unit)s.") % {"unit": unit}

    def clean(self) -> dict[str, Any]:
        """What can't be published is said before it is shown as if it could."""
        entered = super().clean() or {}
        names = ("price_micros", "cost_micros", "effective_from", "reason")
        if all(name in entered for name in names):
            try:
                prices.check(model_key=self.model.key, **{name: entered[name] for name in names})
            except prices.CannotPublish as problem:
                raise forms.ValidationError(str(problem)) from None
        return entered

    @property
    def can_be_published(self) -> bool:
        """Whether nothing is left to ask but ticks."""
        return not self.errors.keys() - {"knows_the_loss", "means_it"}

    @property
    def amounts(self) -> str:
        """The amounts as they stand, to be told apart from those that were shown."""
        said = self.cleaned_data
        return f"{said['price_micros']}/{said['cost_micros']}"

    @property
    def loss_micros(self) -> int:
        """What each unit loses; 0 for a price that covers its cost."""
        price: int = self.cleaned_data["price_micros"]
        cost: int = self.cleaned_data["cost_micros"]
        return max(0, cost - price)

    @property
    def leaps(self) -> list[tuple[int, int]]:
        """The amounts that would change more than ten times, with what they are now."""
        if self.before is None:
            return []
        return [
            (now, then)
            for now, then in (
                (self.before.price_micros, self.cleaned_data["price_micros"]),
                (self.before.cost_micros, self.cleaned_data["cost_micros"]),
            )
            if now and (then > now * LEAP or then * LEAP < now)
        ]

    @property
    def was_shown(self) -> bool:
        """Whether the page has said what these very amounts mean."""
        seen: str = self.cleaned_data["seen"]
        return seen == self.amounts

    @property
    def unticked(self) -> list[str]:
        """The ticks that these amounts need and have not got."""
        needed = {"knows_the_loss": self.loss_micros, "means_it": self.leaps}
        return [name for name, why in needed.items() if why and not self.cleaned_data[name]]

    def ask_for_ticks(self) -> None:
        """Word the ticks that a price below its cost, or far from the one before, needs."""
        if self.loss_micros:
            self["knows_the_loss"].label = _("I know that each one loses %(amount)s") % {
                "amount": dollars(self.loss_micros)
            }
        if leaps := self.leaps:
            steps = [f"{dollars(now)} → {dollars(then)}" for now, then in leaps]
            self["means_it"].label = _("I mean this: %(steps)s") % {"steps": ", ".join(steps)}
