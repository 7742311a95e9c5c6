"""Whether each text that members read, notice or words beside boxes, is what they were shown."""

from __future__ import annotations

from collections.abc import Iterator

from jobs import consent_chain, notices
from jobs.models import ConsentNotice, ConsentWording
from jobs.rows import read


def findings() -> Iterator[str]:
    yield from _notices()
    yield from _wordings()


def _notices() -> Iterator[str]:
    """None may be missing, either."""
    published, lost = read(ConsentNotice.objects.order_by("version"))
    yield from (f"the notice in row {one.pk} {one}" for one in lost)
    expected = 1
    for notice in published:
        if notice.version != expected and not lost:
            yield f"notices: version {expected} is missing"
        if notices.sha256_of(notice.text) != notice.sha256:
            yield f"notice {notice.version}: its text is not the one that was published"
        elif consent_chain.notice_sha256(notice) != notice.seal:
            yield f"notice {notice.version}: it is not what was published"
        expected = notice.version + 1


def _wordings() -> Iterator[str]:
    """What else their rows say is in the seals of the statements made with them."""
    shown, lost = read(ConsentWording.objects.order_by("pk"))
    yield from (f"the wording in row {one.pk} {one}" for one in lost)
    for wording in shown:
        if notices.sha256_of(wording.text) != wording.sha256:
            yield f"wording {wording.pk}: its text is not the one that was shown"
