"""What billing staff fill in to publish a price."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import DollarsField
from accounts.money import dollars
from jobs.catalog import RestorationModel
from jobs.prices import MOST_REASON_LETTERS


class PriceForm(forms.Form):
    """A new version. `seen` names the amounts whose meaning the page has shown already."""

    price_micros = DollarsField(label=_("Price in dollars"))
    cost_micros = DollarsField(label=_("What the vendor takes, in dollars"))
    effective_from = forms.DateTimeField(
        label=_("From (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Leave empty for now."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MOST_REASON_LETTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    knows_the_loss = forms.BooleanField(required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, model: RestorationModel, **options: Any) -> None:
        super().__init__(*args, **options)
        unit = model.basis.unit
        self.fields["price_micros"].help_text = _("For %(unit)s.") % {"unit": unit}
        self.fields["cost_micros"].help_text = _("For %(unit)s.") % {"unit": unit}

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
    def was_shown(self) -> bool:
        """Whether the page has said what these very amounts mean."""
        seen: str = self.cleaned_data["seen"]
        return seen == self.amounts

    def show_loss(self) -> None:
        """Ask for the tick that a price below its cost needs."""
        if self.loss_micros:
            self["knows_the_loss"].label = _("I know that each one loses %(amount)s") % {
                "amount": dollars(self.loss_micros)
            }
