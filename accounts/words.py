"""What people type, made plain: a required word must be one that others can see."""

from __future__ import annotations


def said(text: str) -> str:
    """The text without white space around it; empty when there is no letter or digit to read.

    A zero-width space is no reason.
    """
    return text.strip() if any(letter.isalnum() for letter in text) else ""
