"""What a member fills in on the wallet's pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import MONTHS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import money, statements
from accounts.models import Transfer, TransferKind, User, Wallet
from accounts.models.wallet import BESIDE_THE_WALLET, TransferQuerySet


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
        self._choices(
            "kind",
            gettext("Everything"),
            [(kind.value, kind.label) for kind in TransferKind if kind not in BESIDE_THE_WALLET],
        )
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


class DollarsField(forms.DecimalField):
    """An amount in dollars; cleans to whole micro-dollars, None when left empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=6, min_value=Decimal(0), **options)
        self.widget.attrs.update({"step": "any", "inputmode": "decimal"})

    def prepare_value(self, value: Any) -> Any:
        return money.decimal_dollars(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        amount = super().clean(value)
        return None if amount is None else money.micros(amount)


class LimitsForm(forms.Form):
    """What the member allows for a month, and when to write."""

    monthly_limit_micros = DollarsField(
        label=_("Monthly limit in dollars"),
        required=False,
        help_text=_("Nothing more is ordered in a month than this. Leave empty for no limit."),
    )
    warn_below_micros = DollarsField(
        label=_("E-mail me below"),
        required=False,
        help_text=_("One e-mail each time your balance falls below this. Leave empty for none."),
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
    """The form's own number makes a double click one payment."""

    form_id = forms.UUIDField(widget=forms.HiddenInput)
    amount = forms.DecimalField(
        label="Another amount in dollars",
        decimal_places=2,
        max_digits=8,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        least, most = settings.TOP_UP_LEAST_MICROS, settings.TOP_UP_MOST_MICROS
        self.fields["amount"].help_text = f"From {money.dollars(least)} to {money.dollars(most)}."

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        least, most = settings.TOP_UP_LEAST_MICROS, settings.TOP_UP_MOST_MICROS
        if not least <= amount * money.MICROS_IN_A_DOLLAR <= most:
            raise forms.ValidationError(
                f"Please choose an amount from {money.dollars(least)} to {money.dollars(most)}."
            )
        return amount

    @property
    def amount_micros(self) -> int:
        """What was chosen, once the form is valid. Exact: at most two decimals."""
        return money.micros(self.cleaned_data["amount"])
