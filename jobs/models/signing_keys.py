"""The keys that a vendor signs its callbacks with, as it published them last.

A worker fetches them (`steps.learn`); the callback's view only reads this row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.leased import Leased

NOT_AGAIN_WITHIN = timedelta(minutes=1)


class SigningKeysQuerySet(models.QuerySet["SigningKeys"]):
    def known(self, vendor: str) -> list[str]:
        """In use now; none before they were fetched for the first time."""
        row = self.filter(vendor=vendor).first()
        return row.keys if row else []

    def want(self, vendor: str, now: datetime) -> None:
        """Have them fetched now, unless that was done a moment ago: they may have changed.

        Where the last try failed, the next one comes when it is due (`steps.learn`): callbacks that
        can't be checked, of which anybody may send many, make it no sooner.
        """
        self.get_or_create(vendor=vendor, defaults={"due_at": now})
        self.filter(
            Q(learned_at=None) | Q(learned_at__lt=now - NOT_AGAIN_WITHIN), vendor=vendor, tries=0
        ).update(due_at=now)


class SigningKeys(Leased):
    """`keys` are public: base64url of Ed25519 keys."""

    vendor = models.CharField(max_length=20, unique=True)
    keys = models.JSONField(default=list)
    learned_at = models.DateTimeField(null=True, blank=True)

    objects = SigningKeysQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("signing keys")

    def __str__(self) -> str:
        return f"{self.vendor}: {len(self.keys)} keys"
