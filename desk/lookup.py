"""Who is this, and why were they charged? All that the house knows of a member's money, read only.

`find` turns whatever a member wrote in a mail into the member; `file_of` gathers one page in a
fixed number of queries. No picture is looked at here, nor its address made.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import ledger, statements
from accounts.ledger import HoldBalance
from accounts.models import (
    AuditEntry,
    CardEvent,
    Correction,
    TopUp,
    Transfer,
    TransferKind,
    User,
    Wallet,
)
from accounts.money import dollars
from desk.converters import row_number
from jobs.models import Attempt, Consent, ConsentStatus, RestorationJob
from jobs.steps import stop

MEMBERS_MOST = 50
NEWEST = 50
STOPPED_WITHIN = timedelta(days=30)
ENTRIES_MOST = 30
CARD_NUMBER = re.compile(r"(cs|pi|evt|ch|py|re|pyr|dp|du)_[A-Za-z0-9_]{1,190}")
# Charges, refunds and disputes have no column of their own.
TOLD_BY_EVENTS = ("ch_", "py_", "re_", "pyr_", "dp_", "du_")


@dataclass(frozen=True)
class Hit:
    """One row that a search term named. `is_secret`: the term must not be written down."""

    member: User
    subject: str
    shown: dict[str, str] = field(default_factory=dict)
    anchor: str = ""
    is_secret: bool = False

    @property
    def address(self) -> str:
        query = f"?{urlencode(self.shown)}" if self.shown else ""
        return reverse("desk_member", args=[self.member.pk]) + query + self.anchor


def find(term: str) -> Hit | list[User]:
    """The row that the term names, or the members whose address or name has it."""
    term = term.strip()
    if not term:
        return []
    if hit := _by_uuid(term) or _by_transfer(term) or _by_card(term) or _by_request(term):
        return hit
    named = Q(email__icontains=term) | Q(name__icontains=term)
    members = list(
        User.objects.filter(named).select_related("wallet").order_by("email")[:MEMBERS_MOST]
    )
    exact = [member for member in members if member.email == term.lower()]
    return Hit(exact[0], f"user {exact[0].pk}") if exact else members


def _by_uuid(term: str) -> Hit | None:
    try:
        key = uuid.UUID(term)
    except ValueError:
        return None
    if job := RestorationJob.objects.filter(pk=key).select_related("owner").first():
        return Hit(job.owner, f"job {key}", {"job": str(key)}, f"#job-{key}")
    if top_up := TopUp.objects.filter(pk=key).select_related("member").first():
        return Hit(top_up.member, f"top-up {key}", anchor="#top-ups")
    if correction := Correction.objects.filter(pk=key).select_related("member").first():
        return Hit(correction.member, f"correction {key}", anchor="#corrections")
    return None


def _by_transfer(term: str) -> Hit | None:
    pk = row_number(term.removeprefix("#"))
    if pk is None:
        return None
    transfer = Transfer.objects.filter(pk=pk).select_related("wallet__user").first()
    if transfer is None:
        return None
    return Hit(transfer.wallet.user, f"transfer {pk}", {"transfer": str(pk)}, f"#transfer-{pk}")


def _by_card(term: str) -> Hit | None:
    """A number of the card processor's: a checkout, a payment, an event, or what an event tells of.

    Only the last reads through the events, newest first.
    """
    if not CARD_NUMBER.fullmatch(term):
        return None
    named = Q(session_id=term) | Q(payment_intent=term) | Q(events__event_id=term)
    top_up = TopUp.objects.filter(named).select_related("member").first()
    if top_up is None and term.startswith(TOLD_BY_EVENTS):
        quoted = f'"{term}"'
        told = CardEvent.objects.filter(body__contains=quoted, top_up__isnull=False)
        for event in told.select_related("top_up__member"):
            if quoted in event.body:  # SQLite looks past upper and lower case
                top_up = event.top_up
                break
    return Hit(top_up.member, f"top-up {top_up.pk}", anchor="#top-ups") if top_up else None


def _by_request(term: str) -> Hit | None:
    """The vendor's own number of an attempt: a secret, for the result's address contains it."""
    attempt = Attempt.objects.filter(request_id=term).select_related("job__owner").first()
    if attempt is None:
        return None
    key = str(attempt.job_id)
    return Hit(
        attempt.job.owner, f"attempt {attempt.pk}", {"job": key}, f"#job-{key}", is_secret=True
    )


@dataclass(frozen=True)
class JobFile:
    """One restoration with every movement of its money, oldest first."""

    job: RestorationJob
    moves: list[Transfer]

    @cached_property
    def balance(self) -> HoldBalance:
        def total(kind: TransferKind) -> int:
            return sum(move.amount_micros for move in self.moves if move.kind == kind)

        return HoldBalance(
            held=total(TransferKind.HOLD),
            captured=total(TransferKind.CAPTURE),
            released=total(TransferKind.RELEASE),
            refunded=total(TransferKind.REFUND),
        )

    @property
    def settings_words(self) -> str:
        return self.job.model.words_for(self.job.parameters)

    @property
    def money_words(self) -> str:
        """What became of the money, in one sentence."""
        money = self.balance
        if not money.held:
            return _("No money was set aside for it.")
        if money.open:
            return _("%(amount)s is set aside; it is charged only for a result.") % {
                "amount": dollars(money.open)
            }
        if not money.captured:
            return _("%(amount)s was set aside and returned: nothing was charged.") % {
                "amount": dollars(money.released)
            }
        if not money.refunded:
            return _("%(amount)s was charged.") % {"amount": dollars(money.charged)}
        if not money.charged:
            return _("%(amount)s was charged and all of it refunded.") % {
                "amount": dollars(money.captured)
            }
        return _("%(charged)s was charged and %(refunded)s refunded: the member paid %(paid)s.") % {
            "charged": dollars(money.captured),
            "refunded": dollars(money.refunded),
            "paid": dollars(money.charged),
        }


@dataclass(frozen=True)
class ConsentFile:
    """A consent's status and history in words; neither who is in the picture nor the picture."""

    consent: Consent

    @property
    def history(self) -> list[tuple[object, str]]:
        return [
            (event, str(ConsentStatus(event.to_status).label))
            for event in self.consent.events.all()
        ]


@dataclass(frozen=True)
class MemberFile:
    """What a member's page shows."""

    member: User
    wallet: Wallet
    spent_micros: int
    stopped: int
    transfers: list[Transfer]
    has_older: bool
    jobs: list[JobFile]
    consents: list[ConsentFile]
    top_ups: list[TopUp]
    corrections: list[Correction]
    entries: list[AuditEntry]

    @cached_property
    def job_ids(self) -> set[str]:
        """The jobs on the page, as transfers name them."""
        return {str(one.job.pk) for one in self.jobs}

    @cached_property
    def transfer_ids(self) -> set[int]:
        """The movements in the page's statement."""
        return {transfer.pk for transfer in self.transfers}


def file_of(
    member: User, *, transfer: int | None = None, job: uuid.UUID | None = None
) -> MemberFile:
    """The newest of everything, and surely the transfer and the job that are asked for."""
    transfers, has_older = statement(member, NEWEST)
    if transfer is not None and transfer not in {one.pk for one in transfers}:
        transfers, has_older = statement(member, NEWEST, upto=transfer)
    return MemberFile(
        member=member,
        wallet=ledger.wallet_of(member),
        spent_micros=ledger.spent_in_month(member),
        stopped=stop.stopped(member, timezone.now() - STOPPED_WITHIN).count(),
        transfers=transfers,
        has_older=has_older,
        jobs=_jobs(member, _named_by(transfers), job),
        consents=[ConsentFile(consent) for consent in _consents(member)],
        top_ups=list(TopUp.objects.filter(member=member).prefetch_related("events")[:NEWEST]),
        corrections=with_charges_described(member.corrections.with_people()[:NEWEST]),
        entries=list(member.audit_entries.newest_first()[:ENTRIES_MOST]),
    )


def statement(
    member: User, limit: int, *, upto: int | None = None, kind: str = ""
) -> tuple[list[Transfer], bool]:
    """Movements, newest first, those beside the wallet too; and whether there are older ones."""
    found = Transfer.objects.filter(wallet__user=member).select_related("actor").newest_first()
    if upto is not None:
        found = found.filter(pk__lte=upto)
    if kind:
        found = found.filter(kind=kind)
    transfers = statements.described(found[: limit + 1])
    return transfers[:limit], len(transfers) > limit


def with_charges_described(corrections: Iterable[Correction]) -> list[Correction]:
    """The same corrections; each charge that one is for says what it was for."""
    rows = list(corrections)
    statements.described(one.hold for one in rows if one.hold is not None)
    return rows


def _named_by(transfers: Iterable[Transfer]) -> set[uuid.UUID]:
    """The jobs that these movements were made for."""
    found = set()
    for transfer in transfers:
        if transfer.is_of_a_job:
            with suppress(ValueError):
                found.add(uuid.UUID(transfer.reference))
    return found


def _jobs(member: User, named: Iterable[uuid.UUID], asked: uuid.UUID | None) -> list[JobFile]:
    """The newest jobs, those that the statement names, and the one that was asked for."""
    wanted = {*named, *([asked] if asked else [])}
    mine = RestorationJob.objects.for_member(member)
    newest = mine.newest_first().values("pk")[:NEWEST]
    jobs = list(
        mine.filter(Q(pk__in=wanted) | Q(pk__in=newest))
        .select_related("photo")
        .prefetch_related("attempts", "events")
        .newest_first()
    )
    holds = [job.hold_id for job in jobs if job.hold_id is not None]
    moves: dict[int, list[Transfer]] = {}
    settled = Transfer.objects.filter(Q(pk__in=holds) | Q(hold__in=holds)).select_related("actor")
    for move in settled.order_by("pk"):
        moves.setdefault(move.hold_id or move.pk, []).append(move)
    return [JobFile(job, moves.get(job.hold_id or 0, [])) for job in jobs]


def _consents(member: User) -> QuerySet[Consent]:
    mine = Consent.objects.filter(given_by=member).select_related("photo", "notice")
    return mine.prefetch_related("events__by").order_by("-created_at", "-pk")[:NEWEST]
