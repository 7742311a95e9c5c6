"""Prints the table of allowed moves as a Mermaid diagram, for docs/architecture.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from jobs.states import ALLOWED_MOVES


def diagram() -> str:
    """The moves in the table's order, one arrow a line."""
    arrows = [
        f"    {state} --> {onward}"
        for state, moves in ALLOWED_MOVES.items()
        for onward in sorted(moves)
    ]
    ends = [f"    {state} --> [*]" for state, moves in ALLOWED_MOVES.items() if not moves]
    starts = ["    [*] --> AWAITING_CONSENT", "    [*] --> READY"]
    return "\n".join(["stateDiagram-v2", *starts, *arrows, *ends])


class Command(BaseCommand):
    help = "Print a job's states and allowed moves as a Mermaid diagram."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(diagram())
