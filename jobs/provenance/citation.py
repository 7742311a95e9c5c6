"""The sentence that an archive, a book or a slide prints under a restored picture."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from jobs.provenance.facts import TOOL, Provenance

HASH_LETTERS = 16


def citation(provenance: Provenance) -> str:
    """Title, what was done with what and when, and by which hash the original is known.
    The day is that of whoever asks."""
    settings = f" ({provenance.settings})" if provenance.settings else ""
    return _(
        "“%(title)s”. Digital restoration with %(model)s, %(date)s, by way of %(vendor)s and "
        "%(tool)s, no. %(number)s. Parts may be invented. Original: SHA-256 %(sha256)s…"
    ) % {
        "title": provenance.title,
        "model": f"{provenance.system}{settings}",
        "date": f"{timezone.localtime(provenance.restored_at):%Y-%m-%d}",
        "vendor": provenance.vendor,
        "tool": TOOL,
        "number": provenance.job_number,
        "sha256": provenance.original_sha256[:HASH_LETTERS],
    }
