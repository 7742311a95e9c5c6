"""Whether anything may be sent to a vendor now.

One row a vendor, which every worker looks at before it claims. OPEN (402, 401, 403: our balance or
our key): nothing is sent, members' jobs wait, staff are told; now and then one job goes as a probe,
and when the vendor takes it, all go again. `wait_until` (429: Retry-After) holds for all workers.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BreakerState(models.TextChoices):
    """As in an electric circuit: closed lets everything through."""

    CLOSED = "CLOSED", _("Sending")
    OPEN = "OPEN", _("Stopped")


class BreakerQuerySet(models.QuerySet["Breaker"]):
    def holding(self, now: datetime) -> BreakerQuerySet:
        """The vendors that get nothing now, not even a probe."""
        return self.filter(Q(state=BreakerState.OPEN, probe_at__gt=now) | Q(wait_until__gt=now))


class Breaker(models.Model):
    """`opened_at` and `probe_at` are set while it is open, and only then."""

    vendor = models.CharField(primary_key=True, max_length=20)
    state = models.CharField(max_length=6, choices=BreakerState, default=BreakerState.CLOSED)
    why = models.CharField(max_length=300, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    met_by = models.CharField(
        max_length=20, blank=True, help_text="The step that met the refusal: submit, observe…"
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(
        null=True, blank=True, help_text="When one job may be sent to see whether it works again."
    )
    probes = models.PositiveSmallIntegerField(default=0, help_text="In vain, since it opened.")
    wait_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when the vendor asked us to wait (429)."
    )

    objects = BreakerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=BreakerState.CLOSED, opened_at=None, probe_at=None)
                | Q(state=BreakerState.OPEN, opened_at__isnull=False, probe_at__isnull=False),
                name="an_open_breaker_has_its_times",
            )
        ]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.state}"


class BreakerEventKind(models.TextChoices):
    """What happened to a breaker."""

    OPENED = "OPENED", _("Stopped")
    PROBED = "PROBED", _("Tried in vain")
    CLOSED = "CLOSED", _("Sending again")
    THROTTLED = "THROTTLED", _("Asked to wait")


class BreakerEvent(models.Model):
    """Its diary, written once. `by` is nobody when the vendor's answer did it."""

    vendor = models.CharField(max_length=20)
    kind = models.CharField(max_length=9, choices=BreakerEventKind)
    why = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["vendor", "-id"], name="a_breakers_diary")]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.kind}"
