"""Closing an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.money import dollars


class CloseAccountForm(forms.Form):
    """Nothing is ticked beforehand. The amount that the page showed comes back with the tick."""

    understood = forms.BooleanField(
        label=lazy("I know that my photos and everything made from them are erased for good."),
        error_messages={"required": lazy("Please tick this if you want to close your account.")},
    )
    shown_micros = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    give_up = forms.BooleanField(required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, left_micros: int) -> None:
        super().__init__(data, initial={"shown_micros": left_micros})
        self.left_micros = left_micros
        if left_micros:
            self.fields["give_up"].label = _("I give up the %(amount)s in my wallet.") % {
                "amount": dollars(left_micros)
            }
        else:
            del self.fields["give_up"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.left_micros > said.get("shown_micros", 0):
            raise forms.ValidationError(
                _("Your wallet has changed since this page was opened. Please look again.")
            )
        if self.left_micros and not said.get("give_up"):
            self.add_error("give_up", _("Ask us for it back first, or tick this to give it up."))
        return said

    @property
    def gives_up_micros(self) -> int:
        """What the member agreed to lose, once the form is valid."""
        return self.left_micros if self.cleaned_data.get("give_up") else 0
