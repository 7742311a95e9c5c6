"""The price list: what a model costs from when on, what the vendor takes for it, and who said so.

Written once (triggers). A new price is a new row with a later date; a job keeps the row that it was
quoted from.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q


class PriceQuerySet(models.QuerySet["Price"]):
    def in_force(self, at: datetime) -> PriceQuerySet:
        """For each model, the newest row that had begun by then."""
        newest = (
            self.filter(model_key=models.OuterRef("model_key"), effective_from__lte=at)
            .order_by("-effective_from")
            .values("pk")[:1]
        )
        return self.filter(pk=models.Subquery(newest))


class Price(models.Model):
    """Micro-dollars for one unit of the model's price basis (a request, a megapixel of output)."""

    model_key = models.CharField(max_length=40)
    price_micros = models.BigIntegerField(help_text="What a member pays for one unit.")
    cost_micros = models.BigIntegerField(help_text="What the vendor takes for one unit.")
    effective_from = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="prices_set"
    )
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        ordering = ["model_key", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_key", "effective_from"], name="one_price_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(price_micros__gt=0, cost_micros__gte=0), name="a_price_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_key} from {self.effective_from:%Y-%m-%d %H:%M}: {self.price_micros}"

    @property
    def margin_micros(self) -> int:
        """What stays with the house, for one unit; less than nothing when sold below cost."""
        return self.price_micros - self.cost_micros
