"""What billing staff fill in about members, corrections and the trail."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.corrections import REASON_MOST
from accounts.forms import DayInput, DollarsField
from accounts.models import AuditEntry, CorrectionKind
from accounts.models.audit import AuditQuerySet


class SearchForm(forms.Form):
    """Whom to look up."""

    q = forms.CharField(
        label=_("E-mail, name, job, request or transfer"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


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


DEEDS = "deeds"
LOOKS = ("page", "refused")
ACTIONS = {
    "page": _("Page looked at or sent"),
    "refused": _("Page refused"),
    "picture": _("Picture looked at"),
    "sign-in": _("Superuser signed in"),
    "user.change": _("Member or role changed"),
    "correction.ask": _("Correction asked for"),
    "correction.done": _("Correction made alone"),
    "correction.approve": _("Correction approved"),
    "correction.refuse": _("Correction refused by the second person"),
    "correction.refused": _("Correction tried against the rules"),
    "correction.take-back": _("Correction taken back"),
    "consent.approve": _("Consent approved"),
    "consent.reject": _("Consent rejected"),
    "consent.ask": _("Member asked about a consent"),
    "notice.publish": _("Notice published"),
    "price.publish": _("Price published"),
    "usage.import": _("Vendor’s bill imported"),
    "usage.explain": _("Vendor’s line explained"),
    "day.close": _("Day closed"),
}


def action_words(code: str) -> str:
    """A code of the trail as a person says it; another room's may be new here."""
    words = ACTIONS.get(code) or code.replace(".", ": ").replace("-", " ").capitalize()
    return str(words)


class TrailFilter(forms.Form):
    """Which entries of the trail to show; what isn't understood filters nothing out."""

    q = forms.CharField(label=_("What or why"), max_length=100, required=False)
    who = forms.CharField(label=_("Who"), max_length=100, required=False)
    about = forms.CharField(label=_("About whom"), max_length=100, required=False)
    action = forms.ChoiceField(label=_("Action"), required=False)
    first = forms.DateField(
        label=_("From"),
        required=False,
        widget=DayInput(),
    )
    last = forms.DateField(
        label=_("To"),
        required=False,
        widget=DayInput(),
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data, label_suffix="")
        known = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
        field = self.fields["action"]
        assert isinstance(field, forms.ChoiceField)
        by_words = sorted((action_words(code), code) for code in known)
        field.choices = [
            ("", _("Everything")),
            (DEEDS, _("Deeds only, without pages")),
            *((code, words) for words, code in by_words),
        ]

    def entries(self) -> AuditQuerySet:
        """Those that pass, newest first."""
        self.is_valid()
        said = self.cleaned_data
        found = AuditEntry.objects.newest_first()
        if said.get("q"):
            found = found.saying(said["q"])
        if said.get("who"):
            found = found.by(said["who"])
        if said.get("about"):
            found = found.about(said["about"])
        if said.get("action") == DEEDS:
            found = found.exclude(action__in=LOOKS)
        elif said.get("action"):
            found = found.filter(action=said["action"])
        return found.between(said.get("first"), said.get("last"))
