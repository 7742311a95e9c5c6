"""What the clerk is told when nothing was changed."""

from __future__ import annotations


class ReconciliationError(Exception):
    """Nothing was changed. The message is for the clerk."""


class CannotImport(ReconciliationError):
    """Nothing of the file was taken. `problems` are sentences."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class CannotExplain(ReconciliationError):
    """The finding stays as it is."""


class CannotClose(ReconciliationError):
    """The day stays open."""
