"""What staff fill in at one job's page."""

from __future__ import annotations

from django import forms

from jobs.models import Delivery
from jobs.steps.intervene import REASON_MOST, Deed


class DeedForm(forms.Form):
    """Which button, why, and what state the page showed."""

    deed = forms.ChoiceField(choices=Deed.choices)
    seen_state = forms.CharField(max_length=16)
    reason = forms.CharField(max_length=REASON_MOST)


class ReplayForm(forms.Form):
    delivery = forms.ModelChoiceField(Delivery.objects.select_related("attempt__job__owner"))
    reason = forms.CharField(max_length=REASON_MOST)


class ShowForm(forms.Form):
    delivery = forms.ModelChoiceField(Delivery.objects.select_related("attempt__job__owner"))
