"""What a member said of a result that is not the person: it gave them one free rerun."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.models.job import RestorationJob


class NotThemReason(models.TextChoices):
    """What is wrong with the face, as families say it."""

    ANOTHER_PERSON = "ANOTHER_PERSON", _("It looks like somebody else")
    AGE = "AGE", _("Too young or too old")
    FEATURES = "FEATURES", _("Eyes, nose or mouth are not theirs")
    INVENTED = "INVENTED", _("Something was added that was never there")
    PAINTED = "PAINTED", _("The skin looks painted")
    OTHER = "OTHER", _("Something else")


class NotThem(models.Model):
    """Why a free rerun was ordered. Its words go when the photo is erased; the reason stays.

    Which result it was about stands in the rerun: `rerun.instead_of`.
    """

    rerun = models.OneToOneField(
        RestorationJob, primary_key=True, on_delete=models.PROTECT, related_name="not_them"
    )
    reason = models.CharField(max_length=15, choices=NotThemReason)
    words = models.CharField(max_length=300, blank=True)
    said_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("word on a result")
        verbose_name_plural = _("words on results")
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=NotThemReason.values), name="what_was_not_them_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.rerun_id}"
