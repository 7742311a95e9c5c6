"""What the launcher says instead of a stack trace: one sentence that a person can act on."""

from __future__ import annotations


class StackError(Exception):
    """The house can't start, or went down; the text is one sentence for whoever started it."""
