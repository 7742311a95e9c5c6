"""Taking a result home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from jobs.steps import take_home


class TakeHomeForm(forms.Form):
    """Which file; its names stand in the file's address."""

    format = forms.ChoiceField(label=lazy("Format"), widget=forms.RadioSelect)
    with_place = forms.BooleanField(
        label=lazy("Take along where it was taken"),
        required=False,
        help_text=lazy("Only if the original says so (GPS). Otherwise it stays with us."),
    )
    marked = forms.BooleanField(
        label=format_lazy(lazy("Write “{mark}” into the corner"), mark=take_home.MARK),
        required=False,
        help_text=lazy("In the picture itself, for everybody to see."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, came_as: str) -> None:
        super().__init__(data, initial={"format": take_home.AS_IT_CAME})
        words = {
            take_home.AS_IT_CAME: _("As it was restored (%(format)s)") % {"format": came_as},
            "JPEG": _("JPEG, for sending and printing"),
            "PNG": _("PNG, without loss"),
            "WEBP": _("WebP, the smallest"),
            "TIFF": _("TIFF, for archives: without loss, uncompressed"),
        }
        field = self.fields["format"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(format, words[format]) for format in take_home.FORMATS]

    @property
    def wishes(self) -> take_home.Wishes:
        return take_home.Wishes(**self.cleaned_data)
