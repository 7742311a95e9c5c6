"""What the vendor says it has billed us, line by line, and where that differs from our books."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UsageImport(models.Model):
    """One usage export of the vendor. The same file can't come in twice. Written once."""

    vendor = models.CharField(max_length=20)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, unique=True)
    line_count = models.PositiveIntegerField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="usage_imports"
    )
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.file_name


class UsageLine(models.Model):
    """One line of an export, as it stood there. Written once."""

    usage_import = models.ForeignKey(UsageImport, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    request_id = models.CharField(max_length=200, db_index=True)
    model = models.CharField(max_length=100)
    cost_micros = models.BigIntegerField()
    at = models.DateTimeField()
    day = models.DateField(db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["usage_import", "number"], name="lines_of_an_export_are_numbered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.cost_micros}"


class FindingKind(models.TextChoices):
    """How the vendor's bill and our books differ."""

    MISSING = "MISSING", _("We know it as completed; the vendor has no line")
    EXTRA = "EXTRA", _("Billed, and we know no such request")
    MISPRICED = "MISPRICED", _("Billed at another price than ours says")
    DOUBLED = "DOUBLED", _("Billed more than once")
    ORPHANED = "ORPHANED", _("Billed, and no member paid for it")


class FindingQuerySet(models.QuerySet["Finding"]):
    def unexplained(self) -> FindingQuerySet:
        return self.filter(closed_at__isnull=True)


class Finding(models.Model):
    """One difference, open until somebody explains it."""

    day = models.DateField(db_index=True)
    kind = models.CharField(max_length=9, choices=FindingKind)
    request_id = models.CharField(max_length=200)
    line = models.ForeignKey(
        UsageLine, null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    attempt = models.ForeignKey(
        "jobs.Attempt", null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    expected_micros = models.BigIntegerField(default=0)
    billed_micros = models.BigIntegerField(default=0)
    explanation = models.CharField(max_length=500, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="findings_closed",
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "line"],
                condition=Q(line__isnull=False),
                name="a_line_differs_once_in_a_kind",
            ),
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(kind="MISSING"), name="an_attempt_is_missing_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(explanation=""),
                name="a_closed_finding_is_explained",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.request_id}"


class DayClose(models.Model):
    """A day that billing staff found in order. Lines that come later need another. Written once."""

    vendor = models.CharField(max_length=20)
    day = models.DateField()
    number = models.PositiveSmallIntegerField()
    line_count = models.PositiveIntegerField()
    billed_micros = models.BigIntegerField(help_text="By the vendor's lines of the day.")
    expected_micros = models.BigIntegerField(help_text="By our own attempts of the day.")
    finding_count = models.PositiveIntegerField()
    note = models.CharField(max_length=500, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="days_closed"
    )
    closed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-day", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "day", "number"], name="closes_of_a_day_are_numbered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} ({self.number})"
