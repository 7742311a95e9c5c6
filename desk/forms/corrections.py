"""What billing staff fill in to refund a charge or to adjust a balance."""

from __future__ import annotations

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.corrections import REASON_MOST
from accounts.fields import DollarsField
from accounts.models import CorrectionKind


class RefundForm(forms.Form):
    """How much of a charge goes back, and why. `form_id` makes a second click no second refund."""

    amount_micros = DollarsField(label=_("Amount in dollars"))
    reason = forms.CharField(
        label=_("Reason: the member will read this"),
        max_length=REASON_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    form_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    @property
    def kind(self) -> CorrectionKind:
        return CorrectionKind.REFUND


class AdjustmentForm(RefundForm):
    """A change of the balance that no charge explains."""

    direction = forms.ChoiceField(
        label=_("Direction"),
        choices=[
            (CorrectionKind.CREDIT, _("In the member’s favour")),
            (CorrectionKind.DEBIT, _("Against the member")),
        ],
        initial=CorrectionKind.CREDIT,
    )
    field_order = ["direction", "amount_micros", "reason", "form_id"]

    @property
    def kind(self) -> CorrectionKind:
        return CorrectionKind(self.cleaned_data["direction"])
