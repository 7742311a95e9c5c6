"""Which entries of the audit trail somebody wants to see, and how its codes are said in words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.fields import DayInput
from accounts.models import AuditEntry
from accounts.models.audit import AuditQuerySet

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
    first = forms.DateField(label=_("From"), required=False, widget=DayInput())
    last = forms.DateField(label=_("To"), required=False, widget=DayInput())

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
