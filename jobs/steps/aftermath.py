"""What became of a photo's restorations when the photo ended: for its record and for the letter.

Every sentence is read off the rows when it is asked for: the job's own end, the ledger's balance
of its hold, and its attempts. So page and letter say what holds, whichever state the end came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext

from accounts import kept, ledger
from accounts.ledger import HoldBalance
from accounts.money import dollars
from jobs import catalog
from jobs.models import Attempt, AttemptOutcome, Photo, RestorationJob
from jobs.states import JobState
from jobs.steps.tell import NOTHING

NEVER_SENT = lazy("Nothing was sent to a restorer.")


@dataclass(frozen=True)
class Aftermath:
    """One restoration: which, how it ended, what of its charge, what of the copy that was sent."""

    model: str
    ordered_at: datetime
    ended: str
    money: str
    vendor: str


def of_photo(photo: Photo) -> list[Aftermath]:
    """Of every restoration that was ever ordered of it, the first one first; four queries."""
    ordered = RestorationJob.objects.filter(photo=photo).order_by("created_at", "pk")
    jobs = list(ordered.prefetch_related("attempts"))
    money = ledger.balances_of(job.hold_id for job in jobs if job.hold_id is not None)
    return [
        Aftermath(
            model=job.model.name,
            ordered_at=job.created_at,
            ended=kept.words(job.failure_words)
            or _("%(state)s.") % {"state": JobState(job.state).label},
            money=_money_words(job, money.get(job.hold_id or 0, NOTHING)),
            vendor=_vendor_words(job.attempts.all()),
        )
        for job in jobs
    ]


def copies_of(photo: Photo) -> str:
    """What vendors received of it so far, in words; one query."""
    return _vendor_words(Attempt.objects.filter(job__photo=photo).order_by("created_at", "pk"))


def _money_words(job: RestorationJob, money: HoldBalance) -> str:
    """What became of the charge, and why."""
    if job.is_free:
        return _("Nothing was charged: it was free for you.")
    if money.open:
        return _("%(amount)s is set aside for it.") % {"amount": dollars(money.open)}
    if money.charged:
        return _stays_words(job, money)
    if money.refunded:
        return _("The charge of %(amount)s was refunded: it costs you nothing.") % {
            "amount": dollars(money.refunded)
        }
    if money.released:
        return _(
            "Nothing was charged: the %(amount)s that was set aside is in your wallet again."
        ) % {"amount": dollars(money.released)}
    return _("Nothing was charged.")


def _stays_words(job: RestorationJob, money: HoldBalance) -> str:
    if job.state == JobState.DELIVERED and job.ended_at is not None:
        words = _("The charge of %(amount)s stays, because its picture was delivered on %(day)s.")
        words %= {"amount": dollars(money.charged), "day": _day(job.ended_at)}
    else:
        words = _("The charge of %(amount)s stays.") % {"amount": dollars(money.charged)}
    if money.refunded:
        more = _("%(amount)s more was refunded.") % {"amount": dollars(money.refunded)}
        words = f"{words} {more}"
    return words


def _vendor_words(attempts: Iterable[Attempt]) -> str:
    """What each vendor received, and what it may still hold, as far as we know."""
    attempts = list(attempts)
    sent = [_sent_to(vendor, attempts) for vendor in dict.fromkeys(one.vendor for one in attempts)]
    return " ".join(words for words in sent if words) or str(NEVER_SENT)


def _sent_to(vendor: str, attempts: Sequence[Attempt]) -> str:
    """Nothing, when it surely never heard of any of them."""
    theirs = [one for one in attempts if one.vendor == vendor]
    taken = [one for one in theirs if one.was_taken]
    unsure = [one for one in theirs if one.outcome != AttemptOutcome.NOT_ACCEPTED]
    name = catalog.VENDORS.get(vendor, vendor)
    if not (taken or unsure):
        return _refused_by(name, [one for one in theirs if one.http_status is not None])
    if taken:
        said = [_("A copy without hidden data was sent to %(vendor)s on %(days)s.")]
    else:
        said = [
            _(
                "A copy without hidden data may have been sent to %(vendor)s on %(days)s: we have "
                "no answer, so we can’t tell."
            )
        ]
    if any(one.completed_at for one in theirs):
        said.append(_("%(vendor)s made a picture of it, which it may hold, too."))
    said.append(
        _("How long %(vendor)s keeps what it received, we don’t know, and we can’t erase it there.")
    )
    return " ".join(said) % {"vendor": name, "days": _days(taken or unsure)}


def _refused_by(name: str, attempts: Sequence[Attempt]) -> str:
    """It was given the copy's address, and may have fetched it before or after it said no."""
    if not attempts:
        return ""
    last = max(one.created_at for one in attempts) + timedelta(seconds=settings.VENDOR_URL_SECONDS)
    zone = timezone.get_current_timezone_name()
    until = f"{_day(last)} {timezone.localtime(last):%H:%M} {zone}"
    return _(
        "%(vendor)s was asked on %(days)s and refused. It could have fetched a copy without hidden "
        "data until %(until)s at the latest; we don’t know of it, and can’t erase it there."
    ) % {"vendor": name, "days": _days(attempts), "until": until}


def _days(attempts: Sequence[Attempt]) -> str:
    days = list(dict.fromkeys(_day(one.created_at) for one in attempts))
    # Translators: between the last two of several days.
    return get_text_list(days, pgettext("days", "and"))


def _day(moment: datetime) -> str:
    """The reader's, in whose zone the caller is."""
    return date_format(timezone.localtime(moment))
