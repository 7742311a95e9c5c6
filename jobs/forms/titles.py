"""The name that a member gives to a photo."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs import titles
from jobs.models import Photo


class TitleForm(forms.Form):
    title = forms.CharField(
        label=_("Name"),
        max_length=Photo._meta.get_field("title").max_length,
        error_messages={"required": _("Please give it a name.")},
    )

    def clean_title(self) -> str:
        title = titles.in_a_line(self.cleaned_data["title"])
        if not title:
            raise forms.ValidationError(self.fields["title"].error_messages["required"])
        return title
