"""Forgeries, written with the triggers aside, as by somebody who owns the database;
and what the proof finds of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts import append_only
from jobs import consent_chain, consent_proof
from jobs.models import Consent, ConsentEvent
from jobs.steps import consent as consent_step
from jobs.steps import review
from tests.builders import decide, make_consent, make_member, make_photo

# Who has it in hand for some minutes: changed all day, and says nothing of what was said.
MAY_CHANGE: dict[type[Model], set[str]] = {Consent: {"claimed_by", "claimed_until"}}


@contextmanager
def forging(*kinds: type[Model]) -> Iterator[None]:
    """The triggers step aside."""
    tables = [model._meta.db_table for model in kinds]
    with connection.cursor() as cursor:
        for table in tables:
            for statement in append_only.unlocking(connection.vendor, table):
                cursor.execute(statement)
        yield
        for table in tables:
            for statement in append_only.locking(connection.vendor, table):
                cursor.execute(statement)


def found() -> list[str]:
    problems, _ = consent_proof.findings(timezone.now())
    return problems


def later() -> Any:
    """When today's events have settled."""
    return timezone.now() + timedelta(hours=1)


def reviewed() -> Consent:
    """Of a child: asked about, answered, approved twice, taken back."""
    photo = make_photo()
    given = make_consent(photo, depicted=("CHILD",))
    review.ask(consent=given, by=make_member(), seen=review.seen(given), question="Whose child?")
    given = review.answer(consent=given, by=photo.owner, text="My own.")
    decide(given)
    consent_step.withdraw(photo=photo, by=photo.owner)
    given.refresh_from_db()
    return given


def gone_whole(given: Consent) -> None:
    with forging(ConsentEvent):
        given.events.all().delete()
    given.delete()


def sealed_anew(given: Consent) -> None:
    """Whoever knows the code can write a whole chain anew."""
    given.basis = "I never said so."
    given.save()
    form, previous = consent_chain.FORM, consent_chain.FIRST
    statement = consent_chain.statement_sha256(given, form=form)
    with forging(ConsentEvent):
        for event in given.events.order_by("number"):
            event.previous_sha256 = previous
            event.sha256 = previous = consent_chain.event_sha256(
                event, statement=statement, form=form
            )
            event.save()
