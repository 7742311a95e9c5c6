"""Further pictures that a vendor returned for one job; the first one is the job's result."""

from __future__ import annotations

from django.db import models


class ResultVersion(models.Model):
    """`number` counts from 2: the job's own result is the first."""

    job = models.ForeignKey(
        "jobs.RestorationJob", on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=10)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="versions_are_numbered"),
            models.CheckConstraint(
                condition=models.Q(number__gte=2), name="the_first_version_is_the_result"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of job {self.job_id}"
