"""Proof that what members said is still what stands in the database.

`findings` computes every seal again (`jobs.consent_chain`) and trusts no trigger. What one
statement's chain can't show, a row cut off at its end or a statement gone whole, shows against the
anchors: each run keeps hashes over all that it saw, and every later run computes them again. What
is written and removed whole between two runs leaves no trace that is proof; numbers that no event
has are told as remarks, because a write that was given up leaves such a gap as well.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from accounts import letters
from accounts.roles import staff_with
from jobs.consent_proof import anchors, checks, statements, texts, ties
from jobs.consent_proof.anchors import Anchor
from jobs.models import ConsentCheck, ConsentEvent

CHECK_EVERY = timedelta(days=1)
PROBLEMS_IN_A_LETTER = 20


def check(now: datetime, expected: Collection[str] = ()) -> ConsentCheck:
    """Prove all consents now, keep what was found, and write to reviewers if something is wrong.

    `expected` are anchors of earlier checks that were kept elsewhere.
    """
    found, anchor = findings(now, expected)
    with transaction.atomic():
        checked = checks.write(anchor, found, at=now)
        for person in staff_with("jobs.review_consent") if found else ():
            letters.write(
                to=person,
                kind="consents_changed",
                key=f"consents-changed:{checked.pk}:{person.pk}",
                context={"count": len(found), "problems": found[:PROBLEMS_IN_A_LETTER]},
            )
    return checked


def check_if_due(now: datetime) -> ConsentCheck | None:
    """`check`, unless done in the last day: a clock that stood still loses no day's proof."""
    if ConsentCheck.objects.filter(at__gt=now - CHECK_EVERY).exists():
        return None
    return check(now)


def findings(now: datetime, expected: Collection[str] = ()) -> tuple[list[str], Anchor]:
    """Everything that is not as it was sealed, one sentence each; and the new anchor.

    Four queries for each 500 consents, and two dozen for the rest.
    """
    earlier, of_checks = checks.all_of_them()
    of_anchors, anchor, missed = anchors.findings(now, earlier)
    found = [
        *texts.findings(),
        *statements.left_behind(),
        *statements.findings(),
        *ties.findings(now),
        *of_checks,
        *of_anchors,
        *checks.not_kept(earlier, missed, expected),
    ]
    return found, anchor


def gaps() -> list[str]:
    """The numbers that no event has, as `7` or `9-12`: removed, or given up before they stood."""
    found, last = [], 0
    for pk in ConsentEvent.objects.order_by("pk").values_list("pk", flat=True).iterator():
        if pk > last + 1:
            found.append(str(last + 1) if pk == last + 2 else f"{last + 1}-{pk - 1}")
        last = pk
    return found
