"""The language in which somebody reads: their browser's at first, then whatever they choose.

Which there are say the settings; each is named in itself, so whoever needs it can find it.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy as _


def choices() -> list[tuple[str, str]]:
    """Code and own name of each, the house's own first."""
    return list(settings.LANGUAGES)


def known() -> frozenset[str]:
    return frozenset(code for code, _name in settings.LANGUAGES)


def others() -> list[tuple[str, str]]:
    """Those beside the one that everything is written in first."""
    return [(code, name) for code, name in choices() if code != settings.LANGUAGE_CODE]


def name_of(code: str) -> str:
    """In itself: "Deutsch"."""
    return dict(choices()).get(code, code)


def code(name: str) -> str:
    """The house's own for nothing, and for a language that it does not speak."""
    return name if name in known() else settings.LANGUAGE_CODE


def current() -> str:
    """The one of them in which words come now."""
    return code(translation.get_language() or "")


def check(name: str) -> None:
    """Raises ValidationError for what is none of them."""
    if name not in known():
        raise ValidationError(_("This is no language that we speak."))
