"""Proves that what members said is still what stands in the database; exits 1 with what is not."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs import consent_proof
from jobs.models import ConsentCheck, ConsentEvent, ConsentNotice, ReviewDecision

GAPS_SHOWN = 20


class Command(BaseCommand):
    help = "Check every consent's sealed chain of events, decisions and notices."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            metavar="ANCHOR",
            action="append",
            default=[],
            type=_anchor,
            help="an anchor that an earlier run printed, kept elsewhere; may be given repeatedly",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        checked = consent_proof.check(timezone.now(), options["expect"])
        self.stdout.write(f"anchor {checked.sha256}")
        if checked.problems:
            raise CommandError("Not as it was sealed:\n" + "\n".join(checked.problems))
        self.stdout.write(
            f"{checked.consent_count} consents are as they were sealed, with "
            f"{ConsentEvent.objects.count()} events, {ReviewDecision.objects.count()} decisions "
            f"and {ConsentNotice.objects.count()} versions of the notice."
        )
        if options["expect"]:
            self.stdout.write(
                f"All {len(options['expect'])} anchors that were kept elsewhere fit what is there."
            )
        first = ConsentCheck.objects.earliest("pk")
        self.stdout.write(
            f"Whatever one of the {ConsentCheck.objects.count()} checks since "
            f"{first.at:%Y-%m-%d %H:%M} UTC saw is still there, and this one has seen all that "
            f"stood at {checked.at:%Y-%m-%d %H:%M} UTC. A change of it is found; if all checks are "
            "written anew as well, by an anchor that was kept elsewhere (--expect). What is "
            "written and removed whole before the next check is not found, nor what somebody who "
            "computes the seals anew has changed by then."
        )
        if gaps := consent_proof.gaps():
            more = " and more" if len(gaps) > GAPS_SHOWN else ""
            self.stdout.write(
                f"No event has the numbers {', '.join(gaps[:GAPS_SHOWN])}{more}. A write that was "
                "given up midway leaves such a gap; so does a row that was removed before any "
                "check saw it."
            )


def _anchor(words: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", words.strip().lower()):
        raise ArgumentTypeError(f"not an anchor, which has 64 hexadecimal digits: {words!r}")
    return words.strip().lower()
