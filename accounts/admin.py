"""The staff's view of members and money. Balances change through the ledger alone."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import ledger
from accounts.models import Transfer, TransferKind, User, Wallet
from accounts.money import dollars

MICROS = Decimal(1_000_000)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looking is allowed; adding, changing and deleting are not."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Members, and who of them is staff. Passwords are reset by e-mail."""

    list_display = ["email", "name", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "name"]
    ordering = ["-date_joined"]
    fields = ["email", "name", "is_active", "is_staff", "is_superuser", "groups", "last_login"]
    readonly_fields = ["email", "last_login"]
    filter_horizontal = ["groups"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    """Balances, as the ledger has them."""

    list_display = ["user", "available", "held"]
    search_fields = ["user__email"]
    list_select_related = ["user"]

    @admin.display(ordering="available_micros")
    def available(self, wallet: Wallet) -> str:
        return dollars(wallet.available_micros)

    @admin.display(ordering="held_micros")
    def held(self, wallet: Wallet) -> str:
        return dollars(wallet.held_micros)


def adjustment_key(click: uuid.UUID | None) -> str:
    """A form that is sent twice is one adjustment."""
    return f"adjust:{click}"


class CreditForm(forms.ModelForm):  # type: ignore[type-arg]
    """Give a member credit, or correct a balance, with a reason."""

    actor: User  # whose form it is
    member = forms.ModelChoiceField(queryset=User.objects.order_by("email"))
    amount = forms.DecimalField(
        label="Amount in dollars",
        max_digits=12,
        decimal_places=6,
        help_text="In the member's favour; with a minus sign, against.",
    )
    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    class Meta:
        model = Transfer
        fields: list[str] = []

    def _post_clean(self) -> None:
        """Nothing of the model to check: the ledger makes the row, not this form."""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        member, amount = said.get("member"), said.get("amount")
        if member and member == self.actor:
            self.add_error("member", "Nobody adjusts their own wallet.")
        earlier = Transfer.objects.filter(key=adjustment_key(said.get("key"))).first()
        if earlier and member and amount:
            kind = TransferKind.CREDIT if amount > 0 else TransferKind.DEBIT
            sent = (earlier.wallet.user, earlier.kind, earlier.amount_micros)
            if sent != (member, kind, abs(int(amount * MICROS))):
                raise forms.ValidationError("This form was sent before. Please open a new one.")
        if amount == 0:
            self.add_error("amount", "An amount must be more than nothing.")
        elif member and amount and amount < 0:
            available = ledger.wallet_of(member).available_micros
            if available + int(amount * MICROS) < 0:
                self.add_error("amount", f"The member has only {dollars(available)}.")
        return said


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Every movement. "Add" is an adjustment, which names its actor and reason."""

    list_display = ["created_at", "member", "kind", "amount", "memo", "actor", "reason"]
    list_filter = ["kind", "created_at"]
    search_fields = ["wallet__user__email", "reference", "memo", "reason"]
    list_select_related = ["wallet__user", "actor"]
    ordering = ["-pk"]

    def get_form(
        self, request: HttpRequest, obj: Transfer | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj:
            return super().get_form(request, obj, change, **kwargs)
        return type("CreditForm", (CreditForm,), {"actor": request.user})

    def get_fields(self, request: HttpRequest, obj: Transfer | None = None) -> Any:
        return super().get_fields(request, obj) if obj else ["member", "amount", "reason", "key"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.add_transfer")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return super().get_queryset(request)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Transfer:
        """The ledger writes; the admin only logs what it wrote."""
        assert isinstance(request.user, User)
        return ledger.adjust(
            user=form.cleaned_data["member"],
            amount_micros=int(form.cleaned_data["amount"] * MICROS),
            key=adjustment_key(form.cleaned_data["key"]),
            actor=request.user,
            reason=form.cleaned_data["reason"],
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Already written."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A transfer has nothing related to save."""

    @admin.display(ordering="wallet__user__email")
    def member(self, transfer: Transfer) -> str:
        return transfer.wallet.user.email

    @admin.display(ordering="amount_micros")
    def amount(self, transfer: Transfer) -> str:
        return dollars(transfer.amount_micros)
