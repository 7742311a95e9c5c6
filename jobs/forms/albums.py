"""An album's name and description."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.models.album import DESCRIPTION_CHARACTERS, NAME_CHARACTERS


class AlbumForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_CHARACTERS)
    description = forms.CharField(
        label=_("Description"),
        max_length=DESCRIPTION_CHARACTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
