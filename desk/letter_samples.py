"""What the previews of letters are made with: one sample for each kind, and for each that has
several faces one for each face.

The names in a context are those that the letter's writer gives (`letters.write`, `mailing.letter`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.ledger import HoldBalance
from accounts.models import Correction, CorrectionKind
from accounts.money import dollars
from jobs.catalog import CODEFORMER, GFPGAN, VENDORS
from jobs.models import Photo, RejectionReason, RestorationJob
from jobs.states import JobState
from jobs.steps import aftermath, tell

Context = dict[str, Any]
PHOTO = Photo(pk=uuid.UUID(int=1931), title="Oma and Opa, wedding")
ALBUM = [
    Photo(pk=uuid.UUID(int=3000 + number), title=f"Album 1931, {number + 1}")
    for number in range(tell.NAMED_IN_A_LETTER + 4)
]
OF_PHOTO = {"title": PHOTO.title, "photo": str(PHOTO.pk)}
WEDDING_DAY = date(2031, 5, 17)
AT = "2031-05-17 09:40"
MEMBER = "family@heirloom.example"
COLLEAGUE = "colleague@heirloom.example"


class Readers(models.TextChoices):
    """Whom a letter is for."""

    MEMBERS = "MEMBERS", _("To members, about their photos and their money")
    ANYBODY = "ANYBODY", _("To whoever signs up, signs in or changes an address")
    STAFF = "STAFF", _("To staff")


@dataclass(frozen=True)
class Sample:
    """A letter to look at. `context` is called in the language in which it is shown."""

    key: str
    to: Readers
    when: str | Promise
    template: str
    context: Callable[[], Context]


def _job(state: JobState, money: HoldBalance, words: str = "", *, free: bool = False) -> Context:
    job = RestorationJob(
        pk=uuid.UUID(int=1932),
        photo=PHOTO,
        model_key=GFPGAN.key,
        state=state,
        failure_words=words,
        instead_of_id=uuid.UUID(int=1933) if free else None,
    )
    return tell.context_of(job, money)


def _together(photos: Sequence[Photo], *, failed: int = 0) -> Context:
    """A restoration of each, by two models in turn; the first have failed."""
    jobs = [
        RestorationJob(
            pk=uuid.UUID(int=2000 + number),
            photo=photo,
            model_key=(GFPGAN, CODEFORMER)[number % 2].key,
            state=JobState.FAILED if number < failed else JobState.DELIVERED,
            failure_words="The restorer could not restore this photo." if number < failed else "",
        )
        for number, photo in enumerate(photos)
    ]
    charged = HoldBalance(3_100, 3_100, 0, 0)
    return tell.context_of_all(jobs, [charged] * (len(jobs) - failed))


def _withdrawn() -> Context:
    day = date_format(WEDDING_DAY)
    done = gettext("%(state)s.") % {"state": JobState.DELIVERED.label}
    stays = gettext("The charge of %(amount)s stays.") % {"amount": dollars(3_100)}
    withdrawn = gettext("You withdrew consent for this photo.")
    nothing = gettext("Nothing was charged.")
    said = ((GFPGAN, f"{done} {stays}"), (CODEFORMER, f"{withdrawn} {nothing}"))
    restorations = [{"model": one.name, "ordered": day, "words": words} for one, words in said]
    return {**OF_PHOTO, "restorations": restorations}


def _correction() -> Context:
    correction = Correction(kind=CorrectionKind.REFUND, amount_micros=25_000_000)
    return {
        "correction": str(uuid.UUID(int=1934)),
        "asked_by": COLLEAGUE,
        "words": correction.words,
        "member": MEMBER,
        "reason": "The result came out black, twice.",
    }


def _gateway(*, status: int | None, why: str, by: str = "") -> Context:
    vendor = VENDORS["pixazo"]
    return {"vendor": vendor, "status": status, "why": why, "by": by, "waiting": 3, "at": AT}


def _card(*, disputed: bool, kind: str, note: str) -> Context:
    member = {"member": MEMBER, "member_id": 1} if disputed else {"member": "", "member_id": None}
    return {"disputed": disputed, "type": kind, "note": note, **member}


def _entrance(**more: str) -> Callable[[], Context]:
    """What allauth gives its mails, as far as ours read it."""
    addresses = {
        "activate_url": ("account_confirm_email", ["sample-key"]),
        "password_reset_url": ("account_reset_password_from_key", ["1", "sample-key"]),
        "signup_url": ("account_signup", []),
    }

    def context() -> Context:
        led = {
            name: settings.PUBLIC_BASE_URL + reverse(view, args=arguments)
            for name, (view, arguments) in addresses.items()
        }
        return {**led, "email": MEMBER, **more}

    return context


def _member(key: str, when: Promise, context: Callable[[], Context], *, of: str = "") -> Sample:
    return Sample(key, Readers.MEMBERS, when, f"email/letters/{of or key}.html", context)


def _staff(key: str, when: Promise, context: Callable[[], Context], *, of: str = "") -> Sample:
    return Sample(key, Readers.STAFF, when, f"email/letters/{of or key}.html", context)


def _anybody(key: str, when: Promise, context: Callable[[], Context], *, of: str = "") -> Sample:
    return Sample(key, Readers.ANYBODY, when, f"account/email/{of or key}_message.html", context)


SAMPLES = [
    # --- Members ---
    _member(
        "delivered",
        _("A restoration is done"),
        lambda: _job(JobState.DELIVERED, HoldBalance(3_100, 3_100, 0, 0)),
    ),
    _member(
        "delivered_free",
        _("The free restoration is done"),
        lambda: _job(JobState.DELIVERED, tell.NOTHING, free=True),
        of="delivered",
    ),
    _member(
        "failed",
        _("A restoration failed"),
        lambda: _job(
            JobState.FAILED,
            HoldBalance(3_100, 0, 3_100, 0),
            "The restorer could not restore this photo.",
        ),
    ),
    _member(
        "ended",
        _("Many restorations are done, and two failed"),
        lambda: _together(ALBUM, failed=2),
    ),
    _member(
        "ended_compared",
        _("A photo was restored with several models"),
        lambda: _together([PHOTO, PHOTO]),
        of="ended",
    ),
    _member("consent_withdrawn", _("Consent was withdrawn"), _withdrawn),
    _member(
        "consent_withdrawn_unused",
        _("Consent was withdrawn, and nothing was ordered"),
        lambda: {**OF_PHOTO, "restorations": []},
        of="consent_withdrawn",
    ),
    _member(
        "review_approved",
        _("A reviewer has agreed"),
        lambda: {**OF_PHOTO, "note": "What a fine picture.", "jobs": 1},
    ),
    _member(
        "review_asked",
        _("A reviewer asks something"),
        lambda: {**OF_PHOTO, "note": "Who is the girl on the left?\nIs she your daughter?"},
    ),
    _member(
        "review_rejected",
        _("A reviewer could not agree"),
        lambda: {
            **OF_PHOTO,
            "note": "Please ask him first.",
            "jobs": 2,
            "reason": str(RejectionReason.NOT_ASKED.label),
            "copies": str(aftermath.NEVER_SENT),
        },
    ),
    _member(
        "keep_until_near",
        _("The day until which we may keep a photo is near"),
        lambda: {**OF_PHOTO, "day": date_format(WEDDING_DAY)},
    ),
    _member(
        "keep_until_over",
        _("The day until which we may keep a photo is over"),
        lambda: {**OF_PHOTO, "day": date_format(WEDDING_DAY)},
    ),
    _member(
        "low_balance",
        _("The wallet falls below its line"),
        lambda: {"available_micros": 740_000, "line_micros": 1_000_000},
    ),
    # --- Anybody ---
    _anybody(
        "email_confirmation_signup",
        _("Somebody signs up"),
        _entrance(),
    ),
    _anybody("email_confirmation", _("A further e-mail address is added"), _entrance()),
    _anybody(
        "email_confirmation_code",
        _("An address is confirmed by a code"),
        _entrance(code="K7P-2XQ"),
        of="email_confirmation",
    ),
    _anybody(
        "account_already_exists",
        _("Somebody signs up with an address that has an account"),
        _entrance(),
    ),
    _anybody("password_reset_key", _("A password was forgotten"), _entrance()),
    _anybody(
        "unknown_account",
        _("A new password is asked for where there is no account"),
        _entrance(),
    ),
    # --- Staff ---
    _staff(
        "gateway_stopped",
        _("A vendor refuses us: our balance"),
        lambda: _gateway(status=402, why="402: insufficient balance"),
    ),
    _staff(
        "gateway_stopped_key",
        _("A vendor refuses us: our key"),
        lambda: _gateway(status=401, why="401: invalid subscription key"),
        of="gateway_stopped",
    ),
    _staff(
        "gateway_sending",
        _("A vendor accepts us again"),
        lambda: _gateway(status=None, why=""),
    ),
    _staff(
        "gateway_sending_by_hand",
        _("Somebody of the staff had all sent again"),
        lambda: _gateway(status=None, why="", by=COLLEAGUE),
        of="gateway_sending",
    ),
    _staff("correction_waiting", _("A correction waits for a second person"), _correction),
    _staff(
        "card_event",
        _("A payment is disputed"),
        lambda: _card(
            disputed=True, kind="charge.dispute.created", note="$20.00 disputed: fraudulent"
        ),
    ),
    _staff(
        "card_event_misfit",
        _("A card event did not fit"),
        lambda: _card(
            disputed=False, kind="charge.refunded", note="It names no payment that we opened."
        ),
        of="card_event",
    ),
    _staff(
        "books_lie",
        _("The books do not balance"),
        lambda: {"count": 1, "lies": ["wallet 7: available is $3.00, its transfers say $2.00"]},
    ),
    _staff(
        "consents_changed",
        _("Consents are not as they were sealed"),
        lambda: {
            "count": 2,
            "problems": [
                "consent 0000078b: what it says is not what was sealed",
                "consent 0000078c: an event is missing",
            ],
        },
    ),
    _staff(
        "orphans_left",
        _("Pictures that belong to no photo"),
        lambda: {"count": 41, "folders": [f"photos/{uuid.UUID(int=n)}/" for n in (1, 2, 3)]},
    ),
]
