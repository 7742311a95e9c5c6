"""Who may run a model: our own word for each vendor, its name, and whether a text names it."""

from __future__ import annotations

import re

USUAL_VENDOR = "pixazo"  # all models run there; every other vendor is one in its stead
VENDORS = {USUAL_VENDOR: "Pixazo", "fal": "fal.ai"}


def vendors_named_in(text: str) -> tuple[str, ...]:
    """Our words for the vendors whose names stand in a text, the usual one first."""
    return tuple(
        vendor
        for vendor, name in VENDORS.items()
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
    )
