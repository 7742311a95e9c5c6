"""The staff's trail: who moved or looked at what, when and why. Written once (triggers)."""

from __future__ import annotations

from django.db import models

from accounts.models.people import User


class AuditEntry(models.Model):
    """One thing that a member of staff did or saw.

    `action` is a short code such as ``correction.ask`` or ``page``; `what` says it in words;
    `member` is whom it was about, if it was about somebody.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="audit_entries_made"
    )
    as_superuser = models.BooleanField(default=False)
    action = models.CharField(max_length=40, db_index=True)
    what = models.CharField(max_length=500)
    why = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=80, blank=True, db_index=True)
    member = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="audit_entries"
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit trail"

    def __str__(self) -> str:
        return f"{self.action}: {self.what}"
