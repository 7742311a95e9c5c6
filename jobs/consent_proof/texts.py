"""Whether each text that members read, notice or words beside boxes, is what they were shown."""

from __future__ import annotations

from collections.abc import Iterator

from jobs import consent_chain, notices
from jobs.models import ConsentNotice, ConsentWording


def findings() -> Iterator[str]:
    yield from _notices()
    yield from _wordings()


def _notices() -> Iterator[str]:
    """None may be missing, either."""
    expected = 1
    for notice in ConsentNotice.objects.order_by("version"):
        if notice.version != expected:
            yield f"notices: version {expected} is missing"
        if notices.sha256_of(notice.text) != notice.sha256:
            yield f"notice {notice.version}: its text is not the one that was published"
        elif consent_chain.notice_sha256(notice) != notice.seal:
            yield f"notice {notice.version}: it is not what was published"
        expected = notice.version + 1


def _wordings() -> Iterator[str]:
    """What else their rows say is in the seals of the statements made with them."""
    for wording in ConsentWording.objects.order_by("pk"):
        if notices.sha256_of(wording.text) != wording.sha256:
            yield f"wording {wording.pk}: its text is not the one that was shown"
