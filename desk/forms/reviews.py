"""What reviewers fill in: which statements to see, and what they decide about one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from jobs.models import Consent, ConsentStatus, RejectionReason
from jobs.models.consent import ConsentQuerySet
from jobs.risks import Risk
from jobs.steps.review import NOTE_MOST, Seen


class QueueFilter(forms.Form):
    """Which statements to show; what isn't understood filters nothing out."""

    status = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", pgettext_lazy("filter", "Waiting")),
            (ConsentStatus.QUESTIONED, _("Asked, no answer yet")),
        ],
    )
    flag = forms.ChoiceField(label=_("Flag"), required=False)
    age = forms.ChoiceField(
        label=_("Waiting for"),
        required=False,
        choices=[
            ("", _("Any time")),
            (1, _("More than a day")),
            (3, _("More than 3 days")),
            (7, _("More than a week")),
        ],
    )
    hand = forms.ChoiceField(
        label=pgettext_lazy("of a reviewer", "In hand"),
        required=False,
        choices=[("", _("Anybody’s or nobody’s")), ("free", _("Nobody’s")), ("mine", _("Mine"))],
    )
    member = forms.CharField(label=_("Member"), max_length=100, required=False)

    def __init__(self, data: Any, *, by: User, now: datetime) -> None:
        super().__init__(data, label_suffix="")
        self._by, self._now = by, now
        field = self.fields["flag"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Any or none")), *Risk.choices]

    def consents(self) -> ConsentQuerySet:
        """Those that pass, in no order."""
        self.is_valid()
        said, now = self.cleaned_data, self._now
        found = Consent.objects.to_review()
        found = found.filter(status=said.get("status") or ConsentStatus.PENDING_REVIEW)
        if flag := said.get("flag"):
            found = found.filter(risks__contains=f"|{flag}|")
        if days := said.get("age"):
            found = found.filter(created_at__lt=now - timedelta(days=int(days)))
        if said.get("hand") == "mine":
            found = found.claimed_by_now(self._by, now=now)
        elif said.get("hand") == "free":
            found = found.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=now))
        if words := said.get("member"):
            words = words.replace("\x00", "")
            found = found.filter(
                Q(given_by__email__icontains=words) | Q(given_by__name__icontains=words)
            )
        return found


class DecisionForm(forms.Form):
    """A decision with what the page showed when it was made, which is hidden in every form.

    `decision` is the name of its verb in `jobs.steps.review`.
    """

    decision = ""

    photo_sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    notice_version = forms.IntegerField(widget=forms.HiddenInput)
    newest_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, seen: Seen) -> None:
        super().__init__(
            data,
            auto_id=f"{self.decision}-%s",
            label_suffix="",
            initial={
                "photo_sha256": seen.photo_sha256,
                "notice_version": seen.notice_version,
                "newest_version": seen.newest_version,
            },
        )

    @property
    def seen(self) -> Seen:
        said = self.cleaned_data
        return Seen(said["photo_sha256"], said["notice_version"], said["newest_version"])

    @property
    def said(self) -> dict[str, str]:
        """What the verb takes besides what was seen."""
        hidden = {field.name for field in self.hidden_fields()}
        return {name: words for name, words in self.cleaned_data.items() if name not in hidden}


def _to_the_member(label: Any, *, required: bool) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2, "data-enter-sends": ""})
    return forms.CharField(label=label, max_length=NOTE_MOST, required=required, widget=area)


class ApproveForm(DecisionForm):
    decision = "approve"

    words = _to_the_member(_("Note to the member"), required=False)


class RejectForm(DecisionForm):
    decision = "reject"

    reason_code = forms.ChoiceField(
        label=_("Reason: the member will read it"),
        choices=RejectionReason.choices,
        widget=forms.RadioSelect,
    )
    words = _to_the_member(_("Note to the member"), required=False)


class AskForm(DecisionForm):
    decision = "ask"

    question = _to_the_member(_("What would you like to know?"), required=True)


FORMS: dict[str, type[DecisionForm]] = {
    form.decision: form for form in (ApproveForm, RejectForm, AskForm)
}
