"""A link to a result: for how long, and what it shows."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jobs.steps import share


def _in_days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count}


class ShareForm(forms.Form):
    """Nothing is ticked before: each is the owner's decision."""

    click_key = forms.UUIDField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    days = forms.TypedChoiceField(
        label=_("How long shall it work?"), coerce=int, widget=forms.RadioSelect, initial=7
    )
    with_original = forms.BooleanField(
        label=_("Show the original beside it"),
        help_text=_("Otherwise only the restored picture is seen."),
        required=False,
    )
    with_title = forms.BooleanField(
        label=_("Show the photo’s title"),
        help_text=_("It may be a name, or the name that the file had."),
        required=False,
    )
    agreed = forms.BooleanField(
        label=_("Those in the picture who can be asked agree to its being shown"),
        help_text=_(
            "For a child, the parents decide. For somebody who has died, ask yourself whether the "
            "family would agree."
        ),
        error_messages={"required": _("Please tick that they agree, or don’t share it.")},
    )

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        field = self.fields["days"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(days, _in_days(days)) for days in share.DAYS]
