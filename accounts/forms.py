"""What a member fills in on the wallet's pages."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import MONTHS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import money, statements
from accounts.fields import DollarsField, typed
from accounts.models import TopUp, Transfer, TransferKind, User, Wallet
from accounts.models.wallet import TransferQuerySet


def month_words(month: date) -> str:
    """ "November 2026", in the reader's language."""
    return f"{MONTHS[month.month]} {month.year}"


class StatementFilter(forms.Form):
    """Which movements to show; what isn't understood filters nothing out."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    month = forms.ChoiceField(label=_("Month"), required=False)
    job = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *, user: User, data: Any) -> None:
        super().__init__(data)
        self.user, self.months = user, statements.months_of(user)
        self._choices("kind", gettext("Everything"), TransferKind.choices)
        self._choices(
            "month",
            gettext("All months"),
            [(f"{month:%Y-%m}", month_words(month)) for month in self.months],
        )

    def _choices(self, name: str, all_of_them: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", all_of_them), *choices]

    def transfers(self) -> TransferQuerySet:
        """The member's movements that pass, newest first."""
        found = Transfer.objects.for_member(self.user).newest_first()
        self.is_valid()
        if kind := self.cleaned_data.get("kind"):
            found = found.filter(kind=kind)
        if self.cleaned_data.get("month") and self.month_shown:
            found = statements.within(found, self.month_shown)
        if job := self.cleaned_data.get("job"):
            found = found.filter(reference=str(job))
        return found

    @property
    def month_shown(self) -> datetime | None:
        """The month that is asked for, else the newest in which something moved."""
        self.is_valid()
        if chosen := self.cleaned_data.get("month"):
            return datetime.strptime(chosen, "%Y-%m").replace(tzinfo=UTC)
        return self.months[0] if self.months else None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        self.is_valid()
        return any(self.cleaned_data.values())


class LimitsForm(forms.Form):
    """What the member allows for a month, and when to write."""

    monthly_limit_micros = DollarsField(
        label=_("Monthly limit in dollars"),
        required=False,
        help_text=_("Nothing more is ordered in a month than this. Leave empty for no limit."),
    )
    warn_below_micros = DollarsField(
        label=_("E-mail me when my balance falls below"),
        required=False,
        help_text=_("In dollars. One e-mail each time that happens. Leave empty for none."),
    )

    @classmethod
    def of(cls, wallet: Wallet) -> LimitsForm:
        """Filled in with what stands."""
        names = ("monthly_limit_micros", "warn_below_micros")
        return cls(initial={name: getattr(wallet, name) for name in names})

    def clean_warn_below_micros(self) -> int | None:
        line: int | None = self.cleaned_data["warn_below_micros"]
        return line or None  # nothing is below nothing


class TopUpForm(forms.Form):
    """How much to pay in. The form's own number makes a double click one payment."""

    form_id = forms.UUIDField(widget=forms.HiddenInput)
    amount = DollarsField(label=_("Another amount in dollars"), decimal_places=2)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        amount = self.fields["amount"]
        assert isinstance(amount, DollarsField)
        amount.least_micros = settings.TOP_UP_LEAST_MICROS
        amount.most_micros = settings.TOP_UP_MOST_MICROS
        amount.help_text = gettext("From %(least)s to %(most)s.") % {
            "least": money.dollars(amount.least_micros),
            "most": money.dollars(amount.most_micros),
        }

    @classmethod
    def of(cls, top_up: TopUp) -> TopUpForm:
        """As it was filled in for this payment."""
        return cls({"form_id": str(top_up.pk), "amount": typed(top_up.amount_micros)})

    def renew(self) -> None:
        """What was typed stays; what is sent next is a payment of its own."""
        self.data = {"amount": self.data.get("amount", ""), "form_id": str(uuid.uuid4())}

    @property
    def amount_micros(self) -> int:
        """What was chosen, once the form is valid."""
        micros: int = self.cleaned_data["amount"]
        return micros
