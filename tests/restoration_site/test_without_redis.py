"""Redis gone: every page of the site is there; only the queue's own say that it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from redis.exceptions import ConnectionError as RedisAway

from jobs import doorbell
from jobs.models import RestorationJob
from tests.builders import make_job, make_member
from tests.staff import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]
QUEUE_PAGES = ("/admin/queues/", "/health/ready/")


@pytest.fixture(autouse=True)
def _redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: Any, *args: Any) -> None:
        raise RedisAway("Error 111 connecting to 127.0.0.1:6379. Connection refused.")

    monkeypatch.setattr("redis.connection.AbstractConnection.connect", connect)
    monkeypatch.setattr(doorbell, "unheard", 0)


def names(patterns: list[Any], namespace: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every address's name, and what it takes."""
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from names(one.url_patterns, inner)
        elif isinstance(one, URLPattern) and one.name:
            pattern: Any = one.pattern
            words = getattr(pattern, "converters", None) or pattern.regex.groupindex
            yield f"{namespace}{one.name}", set(words)


def pages(job: RestorationJob) -> list[str]:
    """Every address that can be made for one member with one job."""
    given: dict[str, Any] = {
        "photo_id": job.photo_id,
        "job_id": job.pk,
        "consent_id": job.consent_id,
        "member_id": job.owner_id,
        "hold_id": job.hold_id,
        "model_key": "gfpgan",
        "object_id": job.pk,
        "token": "x",
        "key": "gfpgan",
        "day": "2026-05-01",
        "vendor": "pixazo",
        "queue_index": 0,
        "scheduler_index": 0,
        "connection_index": 0,
    }
    found = []
    for name, words in names(get_resolver().url_patterns):
        try:
            one = {word: given[word] for word in words}
            if name.startswith("django_rq:") and "key" in one:
                one["key"] = "rq:worker:x"
            found.append(reverse(name, kwargs=one))
        except (KeyError, NoReverseMatch):
            continue
    return sorted(set(found))


@pytest.mark.parametrize("superuser", [False, True])
def test_every_page_is_there(superuser: bool):
    job = make_job()
    owner = job.owner
    owner.is_staff = owner.is_superuser = superuser
    owner.save()
    client = client_of(owner)
    client.raise_request_exception = False
    found = pages(job)
    assert len(found) > 100  # a walk that misses the pages proves nothing
    broken = []
    for page in found:
        if "logout" in page or "/schedulers/" in page:  # (of a package that isn't installed)
            continue
        response = client.get(page)
        if isinstance(response, StreamingHttpResponse):
            b"".join(response)
        unwell = response.status_code >= 500
        if unwell and not (response.status_code == 503 and page.startswith(QUEUE_PAGES)):
            broken.append((page, response.status_code))
    assert broken == []


def test_the_queues_pages_say_so_in_words():
    admin = client_of(make_member(is_staff=True, is_superuser=True))
    response = admin.get("/admin/queues/queues/0/")
    assert response.status_code == 503
    assert "rung for again as soon as Redis is back" in response.content.decode()
