"""Taking a result home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from jobs.steps import take_home


class TakeHomeForm(forms.Form):
    """Which file; its names stand in the file's address."""

    format = forms.ChoiceField(label="Format", widget=forms.RadioSelect)
    with_place = forms.BooleanField(
        label="Take along where it was taken",
        required=False,
        help_text="Only if the original says so (GPS). Otherwise it stays with us.",
    )
    marked = forms.BooleanField(
        label=f"Write “{take_home.MARK}” into the corner",
        required=False,
        help_text="In the picture itself, for everybody to see.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, came_as: str) -> None:
        super().__init__(data, initial={"format": take_home.AS_IT_CAME})
        words = {
            take_home.AS_IT_CAME: f"As it was restored ({came_as})",
            "JPEG": "JPEG, for sending and printing",
            "PNG": "PNG, without loss",
            "WEBP": "WebP, the smallest",
            "TIFF": "TIFF, for archives: without loss, not packed",
        }
        field = self.fields["format"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(format, words[format]) for format in take_home.FORMATS]

    @property
    def wishes(self) -> take_home.Wishes:
        return take_home.Wishes(**self.cleaned_data)
