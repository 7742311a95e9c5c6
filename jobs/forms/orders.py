"""What a button for an order carries.

The token that names the row of the price list is no field: one that does not hold any more is no
mistake of the member's, so the view judges it and shows today's price (`views.offers`).
"""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _


class ClickForm(forms.Form):
    """Which click it was."""

    click_key = forms.UUIDField()


class ComparisonClickForm(ClickForm):
    """The click for several models, and what stood there as their sum."""

    total_micros = forms.IntegerField(min_value=1)


class AgreedForm(forms.Form):
    """The price that stood on a model's card, whose key is the prefix."""

    shown_micros = forms.IntegerField(min_value=1)


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


class BatchClickForm(ClickForm):
    """The click under a list of photos, and what stood beside each."""

    line = LinesField()
