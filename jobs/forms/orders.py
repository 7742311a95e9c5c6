"""What a button for an order carries."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _


class ClickForm(forms.Form):
    """What the button carries: which click it was, and the price that stood on it.

    `price_token` names the row of the price list; one that does not hold any more is judged by the
    view, which then shows today's price.
    """

    click_key = forms.UUIDField()
    shown_micros = forms.IntegerField(min_value=1)
    price_token = forms.CharField(required=False)


class LinesField(forms.Field):
    """Cleans `photo:micros`, as often as it was sent, to the price that stood beside each photo."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> dict[uuid.UUID, int]:
        try:
            pairs = [str(line).split(":") for line in value or []]
            agreed = {uuid.UUID(photo): int(micros) for photo, micros in pairs}
        except ValueError:
            raise forms.ValidationError(_("This is no line of the list.")) from None
        if not agreed:
            raise forms.ValidationError(_("Nothing that can be ordered was selected."))
        return agreed


class BatchClickForm(forms.Form):
    """What the button under a list of photos carries: its key, and what stood beside each."""

    click_key = forms.UUIDField()
    line = LinesField()
    price_token = forms.CharField(required=False)
