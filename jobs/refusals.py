"""What a member reads when a vendor refuses a photo with a 400.

The vendor's own reason helps when it is a plain sentence about the photo or its settings. It is
kept from members when it is about our side of the work (addresses, keys, what we send), when it
could carry a secret (an address, a token), or when it is no sentence at all.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_noop

from accounts import kept

GENERIC = gettext_noop("The restorer does not accept this photo with these settings.")
WITH_REASON = kept.sentence(
    gettext_noop(
        "The restorer does not accept this photo with these settings. It says: “%(reason)s.”"
    )
)
OURS = gettext_noop("Something went wrong on our side when we handed your photo over.")
MOST_LETTERS = 160
# What only we can put right: how the vendor gets the picture, and what we send along.
OUR_SIDE = re.compile(
    r"\b(?:ur[il]s?|https?|link|address|download\w*|fetch\w*|(?:un)?reach\w*|access\w*|host\w*|web-?hooks?|"
    r"callbacks?|headers?|payload|json|body|keys?|tokens?|subscription\w*|account|balance|"
    r"endpoints?|model not found|not found or is disabled|required field|missing)\b",
    re.IGNORECASE,
)
# Letters of any language, figures and the marks of plain prose; so no address, markup or code.
PROSE = re.compile(r"[\w\s.,;:!?'\"\u2018-\u201d()\[\]%+\-\u2013\u2014\u00d7]+")
LONG_WORD = re.compile(r"\S{25}")  # a token or an identifier


def words_for(reason: str) -> str:
    """The sentence for the member. `reason` is the vendor's, or ""."""
    reason = " ".join(reason.split())
    if is_ours(reason):
        return OURS
    if not _is_plain(reason):
        return GENERIC
    return WITH_REASON % {"reason": reason.rstrip(".")}


def is_ours(reason: str) -> bool:
    """Whether it is about what we did, so that somebody of us should look."""
    return OUR_SIDE.search(reason) is not None


def _is_plain(reason: str) -> bool:
    return (
        " " in reason
        and len(reason) <= MOST_LETTERS
        and PROSE.fullmatch(reason) is not None
        and LONG_WORD.search(reason) is None
    )
