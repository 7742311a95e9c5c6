"""What billing staff fill in about the vendor's bill."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import DayInput
from jobs import reconciliation
from jobs.models import Finding, FindingKind


class UsageForm(forms.Form):
    """An export, and the days for which it is complete."""

    file = forms.FileField(
        label=_("The vendor’s usage export"),
        help_text=_(
            "CSV with the columns request_id, model, cost (dollars) and time. Others are let be."
        ),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    first_day = forms.DateField(
        label=_("Complete from"),
        required=False,
        widget=DayInput(),
        help_text=_("The day of its first line, unless you say otherwise (UTC)."),
    )
    last_day = forms.DateField(
        label=_("Complete to"),
        required=False,
        widget=DayInput(),
        help_text=_("The day of its last line, unless you say otherwise."),
    )
    overlaps = forms.BooleanField(
        label=_("It repeats days that were imported before: take only what is new in it"),
        required=False,
        help_text=_("Without this, a line that stands in an earlier import is listed as doubled."),
    )


class FalUsageForm(forms.Form):
    """fal's own account, to be held beside ours at once; nothing of it is kept."""

    report = forms.FileField(
        label=_("fal’s usage report"),
        help_text=_(
            "The JSON that fal’s Platform API answers (GET /v1/models/usage) for whole days: with "
            "timezone=UTC and timeframe=day."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
    )


class ExplanationForm(forms.Form):
    """One explanation for the lines that are ticked, or for all of a kind."""

    kind = forms.ChoiceField(choices=FindingKind.choices)
    finding = forms.ModelMultipleChoiceField(Finding.objects.all(), required=False)
    all = forms.BooleanField(required=False)
    explanation = forms.CharField(max_length=reconciliation.MOST_LETTERS)


class CloseForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=reconciliation.MOST_LETTERS, required=False)
