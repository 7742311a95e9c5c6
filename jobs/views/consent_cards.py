"""What a page shows of a consent: the row, where it stands in words, and what it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import kept
from jobs import catalog, notices, wording
from jobs.models import (
    Consent,
    ConsentEvent,
    ConsentStatus,
    Photo,
    ReviewDecision,
    ReviewVerdict,
)
from jobs.models.consent import LIVE, OVER, REPLACED, UNDECIDED
from jobs.steps import orderable
from jobs.steps.consent import ACCOUNT_CLOSED, WITHDRAWN_BY_MEMBER
from jobs.steps.trash import ERASED_BY_MEMBER
from jobs.views.cards import PhotoCard

VERDICT_OF = {
    ConsentStatus.APPROVED: ReviewVerdict.APPROVE,
    ConsentStatus.REJECTED: ReviewVerdict.REJECT,
    ConsentStatus.QUESTIONED: ReviewVerdict.ASK,
}
DEEDS = {
    ConsentStatus.GRANTED: _("gave consent"),
    ConsentStatus.PENDING_REVIEW: _("gave consent; a reviewer looks at it first"),
    ConsentStatus.QUESTIONED: _("asked you something"),
    ConsentStatus.APPROVED: _("agreed"),
    ConsentStatus.REJECTED: _("did not accept it"),
    ConsentStatus.WITHDRAWN: _("ended it"),
    ConsentStatus.EXPIRED: _("ended it, because its date had passed"),
}
# What the member did when a statement of theirs ended, by the reason that its event keeps.
ENDINGS = {
    REPLACED: _("said something newer, which takes its place"),
    WITHDRAWN_BY_MEMBER: _("withdrew it"),
    ERASED_BY_MEMBER: _("erased the photo from the trash, which ends it"),
    ACCOUNT_CLOSED: _("closed the account, which ends it"),
}


@dataclass(frozen=True)
class Moment:
    """One line of a consent's history. A reviewer is never named."""

    at: datetime
    who: str | Promise
    words: str | Promise
    note: str = ""


@dataclass(frozen=True)
class ConsentCard:
    """One statement. `newest_version` is the notice's that new orders need."""

    consent: Consent
    is_live: bool
    newest_version: int
    today: date

    def __getattr__(self, name: str) -> object:
        """Whatever the card doesn't say itself, the row does."""
        return getattr(self.consent, name)

    @property
    def photo(self) -> PhotoCard:
        return PhotoCard(self.consent.photo)

    @property
    def is_undecided(self) -> bool:
        return self.consent.status in UNDECIDED

    @property
    def is_past_its_day(self) -> bool:
        until = self.consent.keep_until
        return self.consent.status in LIVE and until is not None and until < self.today

    @property
    def is_over(self) -> bool:
        """Whether it ended, and what it allowed with it."""
        return self.consent.status in OVER or self.is_past_its_day

    @property
    def status_words(self) -> str:
        if self.is_past_its_day:
            return str(ConsentStatus.EXPIRED.label)
        return str(self.consent.get_status_display())

    @property
    def tone(self) -> str:
        """`good`, `care` or `bad`, as badges know it."""
        if self.is_undecided:
            return "care"
        return "good" if self.is_live else "bad"

    @property
    def obstacle(self) -> str:
        """Why nothing new can be ordered under it; nothing when it can."""
        live = {self.consent.pk} if self.is_live else set()
        return orderable.consent_obstacle(self.consent, live=live, version=self.newest_version)

    @property
    def allows_orders(self) -> bool:
        return not self.obstacle

    @property
    def asks_again(self) -> bool:
        """Whether it stands, but a later notice is out."""
        return self.obstacle == str(orderable.NOTICE_CHANGED)

    @property
    def can_withdraw(self) -> bool:
        """Whether there is something to stop or to erase, wherever it stands and lies."""
        return not self.is_erased

    @property
    def is_at_hand(self) -> bool:
        """Whether the photo has a page of its own, where something new can be said."""
        return not (self.is_erased or self.consent.photo.is_in_trash)

    @property
    def is_erased(self) -> bool:
        return self.consent.photo.is_erased

    @property
    def history(self) -> list[Moment]:
        """Every event, the first one first, with what a reviewer wrote to the member."""
        decisions = list(self.consent.decisions.all())
        return [self._moment(event, decisions) for event in self.consent.events.all()]

    @property
    def words(self) -> list[wording.Said]:
        """All that stood beside the boxes, with its answers."""
        return wording.as_answered(self.consent)

    @property
    def words_language(self) -> str:
        """In which they stood."""
        return wording.said_in(self.consent)

    @property
    def question(self) -> str:
        """What a reviewer asked last."""
        asked = [one for one in self.consent.decisions.all() if one.verdict == ReviewVerdict.ASK]
        return asked[-1].note if asked else ""

    @property
    def rejection(self) -> str:
        """Why a reviewer did not accept it, and what they wrote to the member."""
        said = [one for one in self.consent.decisions.all() if one.verdict == ReviewVerdict.REJECT]
        return _to_the_member(said[-1]) if said else ""

    def _moment(self, event: ConsentEvent, decisions: list[ReviewDecision]) -> Moment:
        """`decisions` are those that no earlier event has told of."""
        status = ConsentStatus(event.to_status)
        words = DEEDS[status]
        if event.by_id is None:
            note = "" if status == ConsentStatus.EXPIRED else kept.words(event.why)
            return Moment(event.at, "Heirloom", words, note)
        if event.by_id == self.consent.given_by_id:
            if event.from_status == ConsentStatus.QUESTIONED and status not in OVER:
                return Moment(event.at, _("You"), _("answered"), event.why)
            return Moment(event.at, _("You"), ENDINGS.get(event.why, words))
        told = next(
            (
                one
                for one in decisions
                if one.reviewer_id == event.by_id
                and (one.verdict == VERDICT_OF.get(status) or event.from_status == event.to_status)
            ),
            None,
        )
        if told is None:
            return Moment(event.at, _("A reviewer"), words)
        decisions.remove(told)
        if event.from_status == event.to_status:
            words = _("agreed; a second reviewer looks at it, too")
        return Moment(event.at, _("A reviewer"), words, _to_the_member(told))


def _to_the_member(decision: ReviewDecision) -> str:
    """The reason's words and the note."""
    reason = str(decision.get_reason_code_display()) if decision.reason_code else ""
    return "\n".join(part for part in (reason, decision.note) if part)


def consent_cards(consents: Sequence[Consent]) -> list[ConsentCard]:
    """Cards for statements that come with their notice and photo; two queries more for all."""
    now = timezone.now()
    live = set(
        Consent.objects.filter(pk__in=[consent.pk for consent in consents])
        .live(vendor=catalog.USUAL_VENDOR, now=now)
        .values_list("pk", flat=True)
    )
    version = notices.newest_version()
    return [
        ConsentCard(
            consent=consent,
            is_live=consent.pk in live,
            newest_version=version,
            today=now.date(),
        )
        for consent in consents
    ]


def consent_card(photo: Photo) -> ConsentCard | None:
    """The newest statement about a photo."""
    consent = photo.consents.select_related("notice", "photo").newest()
    return consent_cards([consent])[0] if consent else None
