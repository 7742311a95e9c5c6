"""What a reviewer writes of the next notice, and the tick before it is out for good."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.notices import MOST_LETTERS


class DraftForm(forms.Form):
    """A draft's words. `seen` names the state that the page showed."""

    title = forms.CharField(label=_("Title"), max_length=200)
    text = forms.CharField(
        label=_("Text"),
        max_length=MOST_LETTERS,
        widget=forms.Textarea(attrs={"rows": 24}),
        help_text=_("Plain words. An empty line begins a new paragraph."),
    )
    seen = forms.DateTimeField(widget=forms.HiddenInput)


class PublishForm(forms.Form):
    """What the page showed when it was said to be right."""

    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    sure = forms.BooleanField(
        label=_("I have read the preview and the difference."),
        error_messages={"required": _("Please read both, and tick that you have.")},
    )
