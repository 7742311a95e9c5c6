"""One restoration of one photo by one model, from the click to the picture."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, When

from accounts.models import Transfer
from accounts.models.leased import Leased
from jobs import catalog
from jobs.models.photo import GONE
from jobs.states import BRINGS_A_PICTURE, TERMINAL, UNSENT, WAITING_FOR_VENDOR, JobState

if TYPE_CHECKING:
    from accounts.models import User


PLACES_COUNTED = 100  # further back nobody needs to know the number
USUAL_OF = 50  # the newest results that say how long a model takes
USUAL_LEAST = 5  # fewer say nothing


class Counted(Subquery):
    """How many rows a query has; with a slice, it counts no further."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


class JobQuerySet(models.QuerySet["RestorationJob"]):
    def for_member(self, user: User) -> JobQuerySet:
        return self.filter(owner=user)

    def newest_first(self) -> JobQuerySet:
        return self.order_by("-created_at", "-pk")

    def with_story(self) -> JobQuerySet:
        """With all that a job's card shows."""
        return self.select_related("photo", "hold", "owner").prefetch_related("versions")

    def with_place(self) -> JobQuerySet:
        """With how many are handed over `before` it, up to PLACES_COUNTED, while it waits its turn.

        None for all others. The order is that in which they are claimed (`accounts.models.leased`).
        """
        ahead = (
            RestorationJob.objects.filter(state=JobState.READY, due_at__lte=OuterRef("due_at"))
            .exclude(due_at=OuterRef("due_at"), pk__gte=OuterRef("pk"))
            .values("pk")[:PLACES_COUNTED]
        )
        return self.annotate(
            before=Case(
                When(state=JobState.READY, then=Counted(ahead)), output_field=models.IntegerField()
            )
        )

    def usual_seconds(self, model_key: str) -> float | None:
        """How long a member waits for this model: the median of its newest results, if there are
        enough; from the moment when nothing stood in the way any more."""
        newest = (
            self.filter(model_key=model_key, state=JobState.DELIVERED, ready_at__isnull=False)
            .order_by("-ended_at")
            .values_list("ready_at", "ended_at")[:USUAL_OF]
        )
        took = [
            (ended_at - ready_at).total_seconds()
            for ready_at, ended_at in newest
            if ready_at and ended_at
        ]
        return median(took) if len(took) >= USUAL_LEAST else None

    def with_pictures(self) -> JobQuerySet:
        """Delivered, and the photo is neither erased nor in the trash."""
        delivered = self.filter(state=JobState.DELIVERED, photo__trashed_at=None)
        return delivered.exclude(photo__state__in=GONE)

    def free(self) -> JobQuerySet:
        """What the house pays for, unless it ended without a picture."""
        return self.filter(instead_of__isnull=False, state__in=BRINGS_A_PICTURE)

    def unsent(self) -> JobQuerySet:
        return self.filter(state__in=UNSENT)

    def unfinished(self) -> JobQuerySet:
        return self.exclude(state__in=TERMINAL)

    def to_submit(self) -> JobQuerySet:
        return self.filter(state__in=[JobState.READY, JobState.SUBMITTING])

    def to_observe(self) -> JobQuerySet:
        return self.filter(state__in=WAITING_FOR_VENDOR)

    def to_collect(self) -> JobQuerySet:
        return self.filter(state=JobState.COMPLETED)

    def to_tell(self) -> JobQuerySet:
        """Ended, and the member, who is still here, has not heard yet."""
        return self.filter(state__in=TERMINAL, told_at__isnull=True, owner__left_at__isnull=True)

    def with_those_that_end_soon(self, now: datetime) -> JobQuerySet:
        """Of what has ended: not yet that of members for whom more is about to, so that one letter
        tells all of it. What ended TELL_TOGETHER_SECONDS ago waits for nothing."""
        theirs = RestorationJob.objects.filter(owner=OuterRef("owner"))
        just_ended = theirs.to_tell().filter(due_at__gt=now)
        on_the_way = theirs.unfinished().exclude(state=JobState.AWAITING_CONSENT)
        long_ago = now - timedelta(seconds=settings.TELL_TOGETHER_SECONDS)
        return self.filter(Q(ended_at__lte=long_ago) | ~(Exists(just_ended) | Exists(on_the_way)))


class RestorationJob(Leased):
    """The row is the truth: a queue entry only says that something is due."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="restoration_jobs"
    )
    photo = models.ForeignKey("jobs.Photo", on_delete=models.PROTECT, related_name="jobs")
    consent = models.ForeignKey("jobs.Consent", on_delete=models.PROTECT, related_name="jobs")
    click_key = models.UUIDField(help_text="One for each form shown: a second click is no new job.")
    model_key = models.CharField(max_length=40)
    parameters = models.JSONField()
    state = models.CharField(max_length=16, choices=JobState, default=JobState.READY)

    price = models.ForeignKey("jobs.Price", on_delete=models.PROTECT, related_name="jobs")
    quoted_micros = models.BigIntegerField()
    vendor_cost_micros = models.BigIntegerField(
        default=0, help_text="What the vendor takes when it completes."
    )
    quote_explanation = models.CharField(max_length=200)
    quoted_width_px = models.PositiveIntegerField()
    quoted_height_px = models.PositiveIntegerField()
    hold = models.OneToOneField(
        Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    ready_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when nothing but the restorer is waited for."
    )
    instead_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reruns",
        help_text="The result that was not the person: this one is free.",
    )

    submitted_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When the e-mail went out, or an open page showed the end."
    )
    resubmissions = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_words = models.CharField(max_length=300, blank=True)

    result_key = models.CharField(max_length=200, blank=True)
    result_sha256 = models.CharField(max_length=64, blank=True)
    result_format = models.CharField(max_length=10, blank=True)
    result_width_px = models.PositiveIntegerField(null=True, blank=True)
    result_height_px = models.PositiveIntegerField(null=True, blank=True)
    has_faces_strip = models.BooleanField(default=False)

    created_at = models.DateTimeField(auto_now_add=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["photo", "-created_at"], name="jobs_of_a_photo"),
            models.Index(
                fields=["state", "due_at"], name="jobs_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(
                fields=["model_key", "-ended_at"],
                name="jobs_results_of_a_model",
                condition=Q(state=JobState.DELIVERED),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "click_key"], name="one_job_for_one_click"),
            models.CheckConstraint(
                condition=Q(state__in=JobState.values), name="job_state_is_known"
            ),
            models.CheckConstraint(condition=Q(quoted_micros__gt=0), name="a_quote_is_positive"),
            models.CheckConstraint(
                condition=Q(hold__isnull=True) | Q(instead_of__isnull=True),
                name="what_is_free_holds_no_money",
            ),
            # One that brought no picture does not count: its member gets it once more.
            models.UniqueConstraint(
                fields=["photo"],
                condition=Q(instead_of__isnull=False, state__in=BRINGS_A_PICTURE),
                name="one_free_rerun_per_photo",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} for {self.photo_id}: {self.state}"

    @property
    def model(self) -> catalog.RestorationModel:
        return catalog.MODELS[self.model_key]

    def own_cost_of(self, route: catalog.Route, pixels: int) -> int | None:
        """What this route's vendor takes for so many pixels, if it has a price of its own."""
        if route.unit_cost_micros is None:
            return None
        return self.model.basis.total(pixels, route.unit_cost_micros)

    @property
    def is_moving(self) -> bool:
        """Whether anything more will happen."""
        return self.state not in TERMINAL

    @property
    def is_free(self) -> bool:
        """Whether the house pays for it (`steps.not_them`)."""
        return self.instead_of_id is not None

    @property
    def waiting_since(self) -> datetime:
        return self.submitted_at or self.created_at
