"""The staff's view of the journey. Nothing is edited here; reviewers decide at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import ReadOnlyAdmin
from accounts.money import dollars
from jobs.models import (
    Attempt,
    Consent,
    ConsentEvent,
    ConsentNotice,
    Delivery,
    JobEvent,
    Photo,
    Price,
    RestorationJob,
)


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows beside their owner, to look at."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All: a time that is set by itself can't stand in a form."""
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EventInline(ReadOnlyInline):
    model = JobEvent
    fields = ["at", "from_state", "to_state", "by", "why"]


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ["number", "outcome", "vendor_status", "http_status", "problem", "answered_at"]


class ConsentEventInline(ReadOnlyInline):
    model = ConsentEvent
    fields = ["at", "from_status", "to_status", "by", "why"]


@admin.register(Photo)
class PhotoAdmin(ReadOnlyAdmin):
    list_display = ["title", "owner", "state", "width_px", "height_px", "created_at"]
    list_filter = ["state", "format"]
    search_fields = ["owner__email", "title", "sha256"]
    list_select_related = ["owner"]


@admin.register(ConsentNotice)
class ConsentNoticeAdmin(ReadOnlyAdmin):
    list_display = ["version", "title", "published_at"]


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """To look at, without the picture; reviewers decide at the desk."""

    list_display = ["created_at", "given_by", "depicted_words", "basis", "status"]
    list_filter = ["status"]
    search_fields = ["given_by__email", "photo__title"]
    list_select_related = ["given_by"]
    inlines = [ConsentEventInline]
    fields = [
        "depicted_words",
        "basis",
        "status",
        "given_by",
        "notice",
        "purpose_restore",
        "vendors",
        "keep_until",
        "photo_sha256",
        "created_at",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields


@admin.register(RestorationJob)
class RestorationJobAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "owner", "model_key", "state", "quoted", "tries", "due_at"]
    list_filter = ["state", "model_key"]
    search_fields = ["owner__email", "id", "attempts__request_id"]
    list_select_related = ["owner"]
    inlines = [EventInline, AttemptInline]
    exclude = ["lease_token", "click_key"]

    @admin.display(ordering="quoted_micros")
    def quoted(self, job: RestorationJob) -> str:
        return dollars(job.quoted_micros)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    exclude = ["body"]  # it names where the picture lies, which is a secret
    list_display = ["received_at", "attempt", "verdict", "note"]
    list_filter = ["verdict"]
    search_fields = ["attempt__request_id", "attempt__job__id"]


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """New ones are published at the desk."""

    list_display = ["model_key", "effective_from", "price", "vendor_takes", "set_by", "reason"]
    list_filter = ["model_key"]
    list_select_related = ["set_by"]

    @admin.display(ordering="price_micros")
    def price(self, price: Price) -> str:
        return dollars(price.price_micros)

    @admin.display(ordering="cost_micros")
    def vendor_takes(self, price: Price) -> str:
        return dollars(price.cost_micros)
