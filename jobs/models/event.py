"""A job's diary: one line a move, written once."""

from __future__ import annotations

from django.db import models

from jobs.states import JobState


class JobEvent(models.Model):
    """`by` names who or what moved the job."""

    job = models.ForeignKey("jobs.RestorationJob", on_delete=models.PROTECT, related_name="events")
    from_state = models.CharField(max_length=16, blank=True)
    to_state = models.CharField(max_length=16)
    by = models.CharField(max_length=100)
    why = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_state or 'nothing'} to {self.to_state}"

    @property
    def to_state_words(self) -> str:
        return str(JobState(self.to_state).label)
