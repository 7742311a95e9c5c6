"""What billing staff fill in to look a member up."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class SearchForm(forms.Form):
    """Whom to look up."""

    q = forms.CharField(
        label=_("E-mail, name, job, request or transfer"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
