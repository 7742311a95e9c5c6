"""A Redis inside the process, for what keeps its turns there."""

from __future__ import annotations

from collections.abc import Iterator

import fakeredis
import pytest


@pytest.fixture
def redis_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[fakeredis.FakeServer]:
    """Set `connected` to False, and it is down."""
    server = fakeredis.FakeServer()
    connection = fakeredis.FakeRedis(server=server)
    monkeypatch.setattr("django_rq.queues.get_connection", lambda *args, **options: connection)
    yield server
    server.connected = True
