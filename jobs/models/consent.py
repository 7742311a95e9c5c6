"""Who said what about which picture, after reading which text.

A consent is the uploader's statement. What they say about another person is kept as *their
attestation*; no word here claims more. Events are append-only.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from jobs.catalog import USUAL_VENDOR, VENDORS
from jobs.models.notice import ConsentNotice, ConsentWording, NoticeText
from jobs.models.photo import GONE

if TYPE_CHECKING:
    from accounts.models import User


class Depicted(models.TextChoices):
    """Who is in the picture, as the uploader says."""

    MYSELF = "MYSELF", _("Myself")
    ADULT_RELATIVE = "ADULT_RELATIVE", _("An adult who agreed to this")
    CHILD = "CHILD", _("A child whose parent or guardian I am")
    DECEASED = "DECEASED", _("A relative who has died")
    OTHER = "OTHER", _("Somebody else")
    NOBODY = "NOBODY", _("Nobody can be recognised")


NEEDS_REVIEW = frozenset({Depicted.CHILD, Depicted.OTHER})


class ConsentStatus(models.TextChoices):
    """Where a consent stands. Only GRANTED and APPROVED can be live."""

    GRANTED = "GRANTED", _("Given")
    PENDING_REVIEW = "PENDING_REVIEW", _("Waiting for a reviewer")
    QUESTIONED = "QUESTIONED", _("A reviewer asks you something")
    APPROVED = "APPROVED", _("Approved by a reviewer")
    REJECTED = "REJECTED", _("Not accepted by a reviewer")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    EXPIRED = "EXPIRED", _("Ended on its date")


# They allow what they name, until their date.
LIVE = (ConsentStatus.GRANTED, ConsentStatus.APPROVED)
# With a reviewer, or back with the member because of a reviewer: nothing is decided yet.
UNDECIDED = (ConsentStatus.PENDING_REVIEW, ConsentStatus.QUESTIONED)
# They say nothing any more.
OVER = (ConsentStatus.WITHDRAWN, ConsentStatus.EXPIRED, ConsentStatus.REJECTED)
# Why a statement ended that the member did not take back: another took its place.
REPLACED = gettext_noop("replaced by a newer statement")


class ConsentQuerySet(models.QuerySet["Consent"]):
    def newest_of_each_photo(self) -> ConsentQuerySet:
        """Of each photo, the one given last."""
        last = Consent.objects.filter(photo=models.OuterRef("photo"))
        return self.filter(pk=models.Subquery(last.order_by("-created_at", "-pk").values("pk")[:1]))

    def about_what_is_kept(self) -> ConsentQuerySet:
        """Of each photo that is not erased, the one given last, whatever its status."""
        return self.newest_of_each_photo().exclude(photo__state__in=GONE)

    def with_since(self) -> ConsentQuerySet:
        """Each `since` when it has stood as it stands."""
        return self.annotate(since=models.Max("events__at"))

    def newest(self) -> Consent | None:
        """The one given last: it replaces those before it."""
        return self.order_by("-created_at", "-pk").first()

    def newest_by_photo(self) -> dict[uuid.UUID, Consent]:
        """For each photo, the one given last; one query."""
        return {consent.photo_id: consent for consent in self.order_by("created_at", "pk")}

    def standing(self) -> ConsentQuerySet:
        """Those that still say something: given, approved, or not decided yet."""
        return self.exclude(status__in=OVER)

    def live(self, *, vendor: str, now: datetime) -> ConsentQuerySet:
        """Those that allow sending to this vendor, now."""
        return self.in_force(now).filter(
            purpose_restore=True,
            vendors__contains=f"|{vendor}|",
            photo__sha256=models.F("photo_sha256"),
            photo__trashed_at__isnull=True,
        )

    def in_force(self, now: datetime) -> ConsentQuerySet:
        """Given, or approved, and their date has not passed."""
        return self.filter(
            Q(keep_until__isnull=True) | Q(keep_until__gte=now.date()),
            status__in=LIVE,
        )

    def to_review(self) -> ConsentQuerySet:
        """Undecided, about a photo that is still there: waiting, or back with the member."""
        return self.filter(status__in=UNDECIDED, photo__trashed_at__isnull=True).exclude(
            photo__state__in=GONE
        )

    def waiting(self) -> ConsentQuerySet:
        """For a reviewer to decide."""
        return self.to_review().filter(status=ConsentStatus.PENDING_REVIEW)

    def open_to(self, reviewer: Any, *, now: datetime) -> ConsentQuerySet:
        """Waiting for this very person: not theirs, not held by another, not approved by them."""
        theirs = ReviewDecision.objects.filter(
            consent=models.OuterRef("pk"), reviewer=reviewer, verdict=ReviewVerdict.APPROVE
        )
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now) | Q(claimed_by=reviewer)
        found = self.waiting().filter(free).exclude(given_by=reviewer)
        return found.filter(~models.Exists(theirs))

    def for_reviewers(self) -> ConsentQuerySet:
        """Each with `was_for_reviewers`: whether it ever waited for one, so that one may see it."""
        return self.annotate(was_for_reviewers=_ever_waited())

    def only_for_reviewers(self) -> ConsentQuerySet:
        """Those that one may see: what never waited for one is none of their business."""
        return self.filter(_ever_waited())

    def claimed_by_now(self, reviewer: Any, *, now: datetime) -> ConsentQuerySet:
        return self.filter(claimed_by=reviewer, claimed_until__gt=now)

    def oldest_first(self) -> ConsentQuerySet:
        return self.order_by("created_at", "pk")

    def later_than(self, consent: Consent) -> ConsentQuerySet:
        """Those after this one, oldest first."""
        at, pk = consent.created_at, consent.pk
        return self.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=pk)).oldest_first()

    def earlier_than(self, consent: Consent) -> ConsentQuerySet:
        """Those before this one, newest first."""
        at, pk = consent.created_at, consent.pk
        found = self.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
        return found.order_by("-created_at", "-pk")


def _ever_waited() -> models.Exists:
    """Whether a consent ever waited for a reviewer."""
    waited = ConsentEvent.objects.filter(
        consent=models.OuterRef("pk"), to_status=ConsentStatus.PENDING_REVIEW
    )
    return models.Exists(waited)


class Consent(models.Model):
    """One statement about one photo. `photo_sha256` binds it to these very bytes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo = models.ForeignKey("jobs.Photo", on_delete=models.PROTECT, related_name="consents")
    photo_sha256 = models.CharField(max_length=64)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    session_fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the session's key.")
    notice = models.ForeignKey(ConsentNotice, on_delete=models.PROTECT)
    notice_language = models.CharField(
        max_length=10, help_text="Of the text that was read: one of the notice's."
    )
    notice_sha256 = models.CharField(max_length=64, help_text="Of that very text.")
    wording = models.ForeignKey(
        ConsentWording,
        null=True,
        on_delete=models.PROTECT,
        help_text="The words beside the boxes; of statements made before they were kept, none.",
    )
    depicted = models.JSONField(help_text="Codes of who is in the picture.")
    basis = models.CharField(max_length=500, blank=True, help_text="In the uploader's own words.")
    purpose_restore = models.BooleanField(default=False)
    vendors = models.CharField(
        max_length=100, blank=True, help_text="Vendors that may receive a copy, as |pixazo|fal|."
    )
    keep_until = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=15, choices=ConsentStatus)
    risks = models.CharField(
        max_length=200, blank=True, help_text="What a reviewer should know, as |CHILD|MANY_FACES|."
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="consents_claimed",
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        permissions = [("review_consent", "Can decide on a consent that waits for review")]
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                name="consents_to_review",
                condition=Q(status__in=UNDECIDED),
            ),
            models.Index(
                fields=["keep_until"],
                name="consents_with_a_last_day",
                condition=Q(keep_until__isnull=False),
            ),
            models.Index(fields=["photo_sha256"], name="consents_about_these_bytes"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ConsentStatus.values), name="consent_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(notice_language="") & ~Q(notice_sha256=""),
                name="a_consent_names_the_text_that_was_read",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}: photo {self.photo_id}"

    def is_live_for(self, vendor: str, *, now: datetime | None = None) -> bool:
        """Whether this consent allows a restoration by this vendor now."""
        now = now or timezone.now()
        return Consent.objects.filter(pk=self.pk).live(vendor=vendor, now=now).exists()

    @property
    def is_live(self) -> bool:
        return self.is_live_for(USUAL_VENDOR)

    @property
    def notice_read(self) -> NoticeText:
        """The notice as it was read, in the language of then."""
        return self.notice.in_language(self.notice_language)

    def holder(self, *, now: datetime) -> User | None:
        """The reviewer who has it in hand now."""
        held = self.claimed_until is not None and self.claimed_until > now
        return self.claimed_by if held else None

    @property
    def vendors_named(self) -> list[str]:
        """Our words for those that may be sent a copy."""
        return [vendor for vendor in self.vendors.split("|") if vendor]

    @property
    def vendor_names(self) -> str:
        """Their names, in a line."""
        return ", ".join(VENDORS.get(vendor, vendor) for vendor in self.vendors_named)

    @property
    def depicted_words(self) -> str:
        """A code that is none of ours stands as it is: whoever wrote it, the page goes on."""
        known = dict(Depicted.choices)
        return ", ".join(str(known.get(str(code), code)) for code in self.depicted)


class ConsentEvent(models.Model):
    """A change of a consent's status, written once and sealed (`jobs.consent_chain`)."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    from_status = models.CharField(max_length=15, blank=True)
    to_status = models.CharField(max_length=15)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT
    )
    why = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)
    decision_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the reviewer's decision that it tells of."
    )
    previous_sha256 = models.CharField(max_length=64)
    form = models.PositiveSmallIntegerField(help_text="Which form of the seal this is.")
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["consent", "number"], name="events_of_a_consent_are_numbered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_status or 'nothing'} to {self.to_status}"


class ReviewVerdict(models.TextChoices):
    """What a reviewer said."""

    APPROVE = "APPROVE", _("Approved")
    REJECT = "REJECT", _("Not accepted")
    ASK = "ASK", _("Asked the member")


class RejectionReason(models.TextChoices):
    """Why a consent was not accepted, in words that the member may read."""

    NOT_GUARDIAN = "NOT_GUARDIAN", _("It is not clear that you are the child's parent or guardian")
    NOT_ASKED = "NOT_ASKED", _("The person shown should be asked first")
    UNSUITABLE = "UNSUITABLE", _("The picture should not be changed by a model")
    NOT_AS_SAID = "NOT_AS_SAID", _("The picture shows something else than you said")
    OTHER = "OTHER", _("Another reason")


class ReviewDecision(models.Model):
    """What one reviewer said of one consent, about which bytes and which notice. Written once."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="decisions")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="review_decisions"
    )
    verdict = models.CharField(max_length=7, choices=ReviewVerdict)
    reason_code = models.CharField(max_length=20, choices=RejectionReason, blank=True)
    note = models.CharField(max_length=500, blank=True, help_text="The member reads it.")
    photo_sha256 = models.CharField(max_length=64)
    notice_version = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["consent", "reviewer"],
                condition=Q(verdict="APPROVE"),
                name="a_reviewer_approves_once",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="REJECT") | ~Q(reason_code=""),
                name="a_rejection_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="ASK") | ~Q(note=""), name="a_question_has_words"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer_id}"


class ConsentCheck(models.Model):
    """One run of `check_consents`: what was found, and hashes of all that there was then.

    Written once. A later run computes them again, so rows that were cut off whole (seal and all)
    are missed as well. Checks are numbered without a gap; each holds the hash of the one before.
    """

    number = models.PositiveIntegerField(unique=True)
    at = models.DateTimeField(default=timezone.now)
    consent_count = models.PositiveIntegerField()
    last_event = models.BigIntegerField(help_text="The newest event's number then.")
    seals_sha256 = models.CharField(max_length=64, help_text="Of all events up to that one.")
    young = models.JSONField(default=dict, help_text="Seals of the events after it, by number.")
    last_decision = models.BigIntegerField(default=0)
    decisions_sha256 = models.CharField(max_length=64, blank=True)
    last_notice = models.PositiveIntegerField(default=0)
    notices_sha256 = models.CharField(max_length=64, blank=True)
    problems = models.JSONField(default=list)
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, help_text="Over all of it: the anchor of this run.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {len(self.problems)} problems"


def parse_vendors(names: Any) -> str:
    """`["pixazo", "fal"]` as the stored `|pixazo|fal|`."""
    return "|" + "|".join(names) + "|" if names else ""
