"""An e-mail that was decided on in a transaction and goes out after it, at least once."""

from __future__ import annotations

from django.db import models

from accounts.models.leased import Leased
from accounts.models.people import User


class LetterQuerySet(models.QuerySet["Letter"]):
    def to_send(self) -> LetterQuerySet:
        """Not sent yet, to somebody who is still here."""
        return self.filter(sent_at__isnull=True, to__left_at__isnull=True)


class Letter(Leased):
    """`kind` names its template in `templates/email/letters/` (`accounts.mailing`)."""

    key = models.CharField(max_length=120, unique=True, help_text="The same letter once.")
    to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=40)
    context = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="letters_due", condition=models.Q(sent_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to_id}"
