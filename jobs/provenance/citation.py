"""The sentence that an archive, a book or a slide prints under a restored picture."""

from __future__ import annotations

from jobs.provenance.facts import TOOL, Provenance

HASH_LETTERS = 16


def citation(provenance: Provenance) -> str:
    """Title, what was done with what and when, and by which hash the original is known."""
    settings = f" ({provenance.settings})" if provenance.settings else ""
    return (
        f"“{provenance.title}”. Digital restoration with {provenance.system}{settings}, "
        f"{provenance.restored_at:%Y-%m-%d}, by way of {provenance.vendor} and {TOOL}, "
        f"no. {provenance.job_number}. Parts may be invented. "
        f"Original: SHA-256 {provenance.original_sha256[:HASH_LETTERS]}…"
    )
