"""Whether each published notice is what was published, and none is missing."""

from __future__ import annotations

from collections.abc import Iterator

from jobs import consent_chain, notices
from jobs.models import ConsentNotice


def findings() -> Iterator[str]:
    expected = 1
    for notice in ConsentNotice.objects.order_by("version"):
        if notice.version != expected:
            yield f"notices: version {expected} is missing"
        if notices.sha256_of(notice.text) != notice.sha256:
            yield f"notice {notice.version}: its text is not the one that was published"
        elif consent_chain.notice_sha256(notice) != notice.seal:
            yield f"notice {notice.version}: it is not what was published"
        expected = notice.version + 1
