"""Whether the checks themselves are what was written, and whether one kept elsewhere is among them.

Each check holds the hash of the one before, so its own hash, the anchor, vouches for all of them
and for all that they saw. Who owns the database can write every one of them anew; who keeps an
anchor where that person can't write finds it out (`--expect`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict

from jobs import consent_chain
from jobs.consent_proof.anchors import Anchor, moment
from jobs.models import ConsentCheck
from jobs.models.table_lock import lock_table
from jobs.rows import Lost, Stored, read, told


def all_of_them() -> tuple[list[ConsentCheck], list[str]]:
    """Every check that can be read, the first one first; and what is wrong with them."""
    whole, lost = read(ConsentCheck.objects.order_by("number"))
    return whole, list(_findings(whole, lost))


def not_kept(
    checks: Sequence[ConsentCheck], missed: Collection[int], expected: Collection[str]
) -> Iterator[str]:
    """Which anchors that were kept elsewhere can't be computed from what is there.

    `missed` are the keys of the checks that saw something else than is there now.
    """
    computed = {consent_chain.check_sha256(check): check for check in checks}
    for anchor in expected:
        if anchor not in computed:
            yield f"anchor {anchor}: no check has it"
        elif computed[anchor].pk in missed:
            when = moment(computed[anchor])
            yield f"anchor {anchor}: what the check of {when} saw is not what is there"


def write(anchor: Anchor, found: Sequence[str], **more: object) -> ConsentCheck:
    """The next check. In a transaction of the caller's, so that two at once follow each other.

    The first two as well, when there is no row to lock.
    """
    lock_table(ConsentCheck)
    rows = ConsentCheck.objects.order_by("pk").annotate(stored=Stored("sha256"))
    before = list(rows.values_list("number", "stored"))
    numbers = [number for number, _ in before if isinstance(number, int)]
    check = ConsentCheck(
        number=max(numbers, default=0) + 1,
        previous_sha256=told(before[-1][1]) if before else consent_chain.FIRST,
        problems=list(found),
        **asdict(anchor),
        **more,
    )
    check.sha256 = consent_chain.check_sha256(check)
    check.save()
    return check


def _findings(checks: Sequence[ConsentCheck], lost: Sequence[Lost]) -> Iterator[str]:
    yield from (f"the check in row {one.pk} {one}" for one in lost)
    number, sha256 = 0, consent_chain.FIRST
    for check in checks:
        if consent_chain.check_sha256(check) != check.sha256:
            yield f"check {check.number}: it is not what was written"
        if lost:
            pass  # what is missing between the others is told already
        elif check.number != number + 1:
            yield f"checks: number {number + 1} is missing"
        elif check.previous_sha256 != sha256:
            yield f"check {check.number}: it does not follow from the one before"
        number, sha256 = check.number, check.sha256
