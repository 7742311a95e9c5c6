"""What people type, made plain: a required word must be one that others can see."""

from __future__ import annotations

# LRE, RLE, PDF, LRO, RLO; LRI, RLI, FSI, PDI (Unicode, UAX #9).
TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def said(text: str) -> str:
    """The text without white space around it; empty when there is no letter or digit to read.

    A zero-width space is no reason.
    """
    return text.strip() if any(letter.isalnum() for letter in text) else ""


def straight(text: str) -> str:
    """Without the invisible letters that turn the direction of all that follows.

    For where no `<bdi>` can hold words apart: a title, an attribute, a message, a file.
    """
    return text.translate(TURNS)
