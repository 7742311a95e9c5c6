"""German for tests of how words find their reader: whatever the catalogue says of them by then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils.translation import trans_real


@contextmanager
def german(words: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, these strings have these translations."""
    translation: Any = trans_real.translation("de")
    catalog = translation._catalog
    catalog._catalogs.insert(0, dict(words))
    try:
        yield
    finally:
        catalog._catalogs.pop(0)
