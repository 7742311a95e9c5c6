"""The staff's view of members and money. Balances change through the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts import audit
from accounts.members import member_of
from accounts.models import (
    AuditEntry,
    CardEvent,
    Correction,
    Letter,
    TopUp,
    Transfer,
    User,
    Wallet,
)
from accounts.money import dollars


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

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """After the row and its roles: what changed goes into the trail, in one transaction."""
        super().save_related(request, form, formsets, change)
        if changes := list(_changes(form)):
            audit.record(
                actor=member_of(request),
                action="user.change",
                what=f"{form.instance}: {'; '.join(changes)}",
                subject=f"user {form.instance.pk}",
                member=form.instance,
            )


def _changes(form: Any) -> Iterator[str]:
    """In words: "is_staff: False, now True", "given: Billing staff", "taken: Reviewers"."""
    for name in form.changed_data:
        was, now = form.initial.get(name), form.cleaned_data[name]
        if name != "groups":
            yield f"{name}: {was!r}, now {now!r}"
            continue
        given, taken = set(now) - set(was or ()), set(was or ()) - set(now)
        for word, groups in (("given", given), ("taken", taken)):
            if groups:
                yield f"{word}: {', '.join(sorted(group.name for group in groups))}"


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


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Every movement; the desk's corrections make the ones that staff may ask for."""

    list_display = ["created_at", "member", "kind", "amount", "memo", "actor", "reason"]
    list_filter = ["kind", "created_at"]
    search_fields = ["wallet__user__email", "reference", "memo", "reason"]
    list_select_related = ["wallet__user", "actor"]
    ordering = ["-pk"]

    @admin.display(ordering="wallet__user__email")
    def member(self, transfer: Transfer) -> str:
        return transfer.wallet.user.email

    @admin.display(ordering="amount_micros")
    def amount(self, transfer: Transfer) -> str:
        return dollars(transfer.amount_micros)


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin):
    """Card payments. The checkout's address is for the member alone."""

    list_display = ["created_at", "member", "amount", "state", "returned", "disputed"]
    list_filter = ["state", "disputed", "created_at"]
    search_fields = ["member__email", "id", "session_id", "payment_intent"]
    list_select_related = ["member"]
    exclude = ["session_url"]

    @admin.display(ordering="amount_micros")
    def amount(self, top_up: TopUp) -> str:
        return dollars(top_up.amount_micros)

    @admin.display(ordering="returned_micros")
    def returned(self, top_up: TopUp) -> str:
        return dollars(top_up.returned_micros)


@admin.register(CardEvent)
class CardEventAdmin(ReadOnlyAdmin):
    """What the card processor told us, and what we made of it."""

    exclude = ["body"]  # names, addresses and the card's last digits are nobody's business here
    list_display = ["received_at", "type", "verdict", "top_up", "note"]
    list_filter = ["verdict", "type"]
    search_fields = ["event_id", "top_up__id", "top_up__member__email"]
    list_select_related = ["top_up"]


@admin.register(Correction)
class CorrectionAdmin(ReadOnlyAdmin):
    """Refunds and adjustments by hand; they are asked for and decided on the desk."""

    list_display = ["asked_at", "member", "kind", "amount", "state", "asked_by", "decided_by"]
    list_filter = ["state", "kind", "asked_at"]
    search_fields = ["member__email", "asked_by__email", "decided_by__email", "reason"]
    list_select_related = ["member", "asked_by", "decided_by"]

    @admin.display(ordering="amount_micros")
    def amount(self, correction: Correction) -> str:
        return dollars(correction.amount_micros)


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """E-mails that were decided on, and when each went out."""

    list_display = ["created_at", "to", "kind", "due_at", "sent_at", "tries"]
    list_filter = ["kind", "sent_at"]
    search_fields = ["to__email", "key"]
    list_select_related = ["to"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The trail, as it was written; the desk's own page searches it better."""

    list_display = ["at", "actor", "as_superuser", "action", "what", "member", "why"]
    list_filter = ["as_superuser", "at"]
    search_fields = ["what", "why", "subject", "actor__email", "member__email"]
    list_select_related = ["actor", "member"]
    show_full_result_count = False
