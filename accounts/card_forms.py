"""How much to pay in: one of the offered amounts, or another within the limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from accounts.money import dollars

MICROS = 1_000_000


class TopUpForm(forms.Form):
    """The form's own number makes a double click one payment."""

    form_id = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.DecimalField(
        label="Another amount in dollars",
        decimal_places=2,
        max_digits=8,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        least, most = settings.TOP_UP_LEAST_MICROS, settings.TOP_UP_MOST_MICROS
        self.fields["amount"].help_text = f"From {dollars(least)} to {dollars(most)}."

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        least, most = settings.TOP_UP_LEAST_MICROS, settings.TOP_UP_MOST_MICROS
        if not least <= amount * MICROS <= most:
            raise forms.ValidationError(
                f"Please choose an amount from {dollars(least)} to {dollars(most)}."
            )
        return amount

    @property
    def amount_micros(self) -> int:
        """What was chosen, once the form is valid. Exact: at most two decimals."""
        return int(self.cleaned_data["amount"] * MICROS)
