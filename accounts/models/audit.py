"""The staff's trail: who moved or looked at what, when and why. Written once (triggers)."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def newest_first(self) -> AuditQuerySet:
        return self.select_related("actor", "member").order_by("-pk")

    def by(self, words: str) -> AuditQuerySet:
        """What somebody did, by a part of their address or name."""
        return self.filter(Q(actor__email__icontains=words) | Q(actor__name__icontains=words))

    def about(self, words: str) -> AuditQuerySet:
        """What concerned a member, by a part of their address or name."""
        return self.filter(Q(member__email__icontains=words) | Q(member__name__icontains=words))

    def saying(self, words: str) -> AuditQuerySet:
        """With these words in what was done, why, or to which row."""
        return self.filter(
            Q(what__icontains=words) | Q(why__icontains=words) | Q(subject__icontains=words)
        )

    def between(self, first: date | None, last: date | None) -> AuditQuerySet:
        """Whole days (UTC), the last one too."""
        found = self.filter(at__date__gte=first) if first else self
        return found.filter(at__date__lte=last) if last else found


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

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = _("audit trail")

    def __str__(self) -> str:
        return f"{self.action}: {self.what}"
