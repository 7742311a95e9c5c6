"""When the bucket was last compared with the photos, and what was left lying in it."""

from __future__ import annotations

from django.db import models


class OrphanCheck(models.Model):
    """One run of `steps.orphans`. `left` are folders that belong to no photo, and were not erased.

    Of those at most `orphans.NAMED` are named; `left_count` is of all.
    """

    at = models.DateTimeField(auto_now_add=True)
    erased_count = models.PositiveIntegerField()
    left_count = models.PositiveIntegerField()
    left = models.JSONField(default=list)

    class Meta:
        get_latest_by = "pk"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.erased_count} erased, {self.left_count} left"
