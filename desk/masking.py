"""What a callback's body, or a vendor's words, may show to staff who did not ask for the secrets.

Hidden are addresses, and numbers of requests but for their ends: a number is a part of its
result's address, and a body may name another request than ours. Bodies are whatever somebody
sent, so nothing is parsed: escapes are undone first, then both are looked for in the text.
"""

from __future__ import annotations

import re

from jobs.catalog import MODELS
from jobs.gateway.answers import without_addresses

# JSON's ways to write a character otherwise, however often that was done. Every repetition has an
# end, so that no body takes long.
ESCAPED = re.compile(r"\\{1,16}u([0-9a-fA-F]{4})")
ESCAPED_SLASH = re.compile(r"\\{1,16}/")
_MODELS = "|".join(re.escape(route.model_id) for model in MODELS.values() for route in model.routes)
NUMBERS = re.compile(
    # Whatever stands under a name that ends in "id", but for the model's,
    r"""(?P<name>(?<!model_)id\\{0,16}["']?\s{0,9}[:=]\s{0,9}\\{0,16}["']?)(?P<named>[\w.-]{4,200})"""
    # what begins with a model's name, as Pixazo's numbers do,
    rf"|(?P<begun>(?:{_MODELS})_[\w.-]{{1,200}})"
    # and a UUID, as fal's are.
    r"|(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE | re.ASCII,
)


def masked(text: str, request_id: str | None = None) -> str:
    """Without addresses, and with no more of a request's number than tells it from others.

    `request_id` is the one that is known to be a secret, however it looks.
    """
    text = ESCAPED.sub(lambda found: _character(int(found[1], 16)), text)
    text = without_addresses(ESCAPED_SLASH.sub("/", text))
    if request_id:
        text = text.replace(request_id, short(request_id))
    return NUMBERS.sub(_shortened, text)


def short(request_id: str | None) -> str:
    """Enough of a request's number to tell two apart, not enough to find the picture."""
    if not request_id:
        return "–"
    return f"…{request_id[-min(6, len(request_id) // 2) :]}"  # it begins with the model's name


def _shortened(found: re.Match[str]) -> str:
    if found["named"]:
        return found["name"] + short(found["named"])
    return short(found[0])


def _character(code: int) -> str:
    """Half of a pair stays no character; what can't be seen is left as a mark."""
    one = chr(code)
    return one if one.isprintable() else "\N{REPLACEMENT CHARACTER}"
