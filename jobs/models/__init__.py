"""What the journey remembers, one kind a file."""

from jobs.models.album import Album, AlbumPhoto
from jobs.models.attempt import Attempt, AttemptOutcome
from jobs.models.breaker import Breaker, BreakerEvent, BreakerEventKind, BreakerState
from jobs.models.consent import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentStatus,
    Depicted,
    RejectionReason,
    ReviewDecision,
    ReviewVerdict,
)
from jobs.models.delivery import Delivery, Verdict
from jobs.models.event import JobEvent
from jobs.models.job import RestorationJob
from jobs.models.not_them import NotThem, NotThemReason
from jobs.models.notice import ConsentNotice, ConsentWording, NoticeDraft
from jobs.models.orphans import OrphanCheck
from jobs.models.photo import Photo, PhotoState, Stage
from jobs.models.price import Price
from jobs.models.share import Share
from jobs.models.signing_keys import SigningKeys
from jobs.models.usage import DayClose, Finding, FindingKind, UsageImport, UsageLine
from jobs.models.version import ResultVersion

__all__ = [
    "Album",
    "AlbumPhoto",
    "Attempt",
    "AttemptOutcome",
    "Breaker",
    "BreakerEvent",
    "BreakerEventKind",
    "BreakerState",
    "Consent",
    "ConsentCheck",
    "ConsentEvent",
    "ConsentNotice",
    "ConsentStatus",
    "ConsentWording",
    "DayClose",
    "Delivery",
    "Depicted",
    "Finding",
    "FindingKind",
    "JobEvent",
    "NotThem",
    "NotThemReason",
    "NoticeDraft",
    "OrphanCheck",
    "Photo",
    "PhotoState",
    "Price",
    "RejectionReason",
    "RestorationJob",
    "ResultVersion",
    "ReviewDecision",
    "ReviewVerdict",
    "Share",
    "SigningKeys",
    "Stage",
    "UsageImport",
    "UsageLine",
    "Verdict",
]
