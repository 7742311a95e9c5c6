"""A gateway and the site's side of it, each on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings
from tests.sandbox.harness import Client, Loop, Receiver, picture, served


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.stop()


@pytest.fixture
def gateway_settings(tmp_path: Path) -> Settings:
    return Settings(directory=tmp_path, latency_seconds=0.02, pictures="echo", picture_workers=1)


@pytest.fixture
def receiver(loop: Loop) -> Iterator[Receiver]:
    receiver = Receiver(pictures={"photo.png": picture()})
    with served(loop, receiver.app()) as receiver.url:
        yield receiver


@pytest.fixture
def gateway(loop: Loop, gateway_settings: Settings) -> Iterator[Client]:
    with served(loop, make_app(gateway_settings)) as url:
        yield Client(loop, url)
