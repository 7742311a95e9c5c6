"""Hostile answers on a real connection: every call ends, whatever the other side does.

Each of these servers would go on for ever, so that a test that ends is the proof; only the limits
here are small.
"""

from __future__ import annotations

import gzip
import io
import itertools
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.gateway import errors
from jobs.gateway.output import OutputFetcher
from jobs.gateway.pixazo import PixazoClient
from jobs.gateway.types import Submission
from tests.raw_server import RawServer, Script, speaking

pytestmark = pytest.mark.loopback

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SECONDS = 0.3  # that a call may take where it never ends
ENOUGH = 60.0  # for everything else
PAUSE = threading.Event()  # never set: waiting for it is a pause between two bytes
PIECE = b"x" * 65_536
SUBMISSION = Submission(endpoint="/gfpgan", payload={}, callback_url="https://heirloom.example/")


def dripping_headers() -> Iterator[bytes]:
    yield OK + b"X-Slow: "
    while not PAUSE.wait(0.02):
        yield b"x"


def dripping_body() -> Iterator[bytes]:
    yield OK + b"Content-Length: 1000000\r\n\r\n"
    while not PAUSE.wait(0.02):
        yield b" "


def silence() -> Iterator[bytes]:
    PAUSE.wait(60)
    yield b""


def flood() -> Iterator[bytes]:
    """Two gigabytes."""
    yield OK + b"Content-Length: 2000000000\r\n\r\n"
    yield from itertools.repeat(PIECE, 2_000_000_000 // len(PIECE))


def flood_without_a_length() -> Iterator[bytes]:
    yield OK + b"Connection: close\r\n\r\n"
    yield from itertools.repeat(PIECE)


def flood_of_headers() -> Iterator[bytes]:
    yield OK
    yield from (b"X-%d: y\r\n" % number for number in itertools.count())


def bomb() -> Iterator[bytes]:
    packed = gzip.compress(b"{" + b" " * 50_000_000)
    yield OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    yield packed


def picture() -> Iterator[bytes]:
    yield OK + b"Content-Length: 7\r\n\r\npicture"


SLOW = [dripping_headers, dripping_body, silence]
ENDLESS = [*SLOW, flood, flood_without_a_length, flood_of_headers, bomb]
MOST_SENT = 32 * 1024 * 1024  # what two sockets' buffers may hold, and more


to_close: list[PixazoClient | OutputFetcher] = []


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    while to_close:
        to_close.pop().close()


def patience(script: Script) -> float:
    """Little where it's the clock that must end the call, else more than anything takes."""
    return SECONDS if script in SLOW else ENOUGH


def pixazo(server: RawServer, script: Script) -> PixazoClient:
    made = PixazoClient(
        base_url=f"http://{server.host}",
        api_key="key",
        connect_seconds=5,
        read_seconds=60,
        connections=1,
        answer_seconds=patience(script),
    )
    to_close.append(made)
    return made


def fetcher(server: RawServer, **changes: Any) -> OutputFetcher:
    defaults: dict[str, Any] = {
        "allowed_hosts": [server.host],
        "sandbox_hosts": [server.host],
        "max_bytes": 1_000_000,
        "deadline_seconds": ENOUGH,
    }
    made = OutputFetcher(**{**defaults, **changes})
    to_close.append(made)
    return made


@pytest.mark.parametrize("script", ENDLESS)
def test_a_submission_whose_answer_never_ends_is_ambiguous(script: Script):
    with speaking(script) as server:
        with pytest.raises(errors.Ambiguous):
            pixazo(server, script).submit(SUBMISSION)
        assert server.asked.wait(ENOUGH)
    assert server.heard.startswith(b"POST /gfpgan ")
    assert server.sent < MOST_SENT


@pytest.mark.parametrize("script", ENDLESS)
def test_a_status_that_never_ends_says_nothing(script: Script):
    with speaking(script) as server, pytest.raises(errors.Ambiguous):
        pixazo(server, script).status("gfpgan_1")
    assert server.sent < MOST_SENT


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (dripping_headers, errors.OutputUnavailable),
        (dripping_body, errors.OutputUnavailable),
        (silence, errors.OutputUnavailable),
        (flood, errors.BadOutput),
        (flood_without_a_length, errors.BadOutput),
        (flood_of_headers, errors.OutputUnavailable),
        (bomb, errors.BadOutput),
    ],
)
def test_a_result_that_never_ends_is_cut_off(script: Script, problem: type[Exception]):
    into, seconds = io.BytesIO(), patience(script)
    with speaking(script) as server, pytest.raises(problem):
        fetcher(server, deadline_seconds=seconds).fetch(f"http://{server.host}/output.png", into)
    assert len(into.getvalue()) <= 1_000_000
    assert server.sent < MOST_SENT


def test_one_call_may_be_given_less_time_than_the_others():
    with speaking(dripping_body) as server, pytest.raises(errors.OutputUnavailable):
        fetcher(server).fetch(f"http://{server.host}/output.png", io.BytesIO(), seconds=SECONDS)


def test_after_a_call_that_was_cut_off_the_next_has_its_whole_time():
    scripts = iter([dripping_body, picture])
    with speaking(lambda: next(scripts)()) as server:
        one = fetcher(server)
        with pytest.raises(errors.OutputUnavailable):
            one.fetch(f"http://{server.host}/output.png", io.BytesIO(), seconds=SECONDS)
        assert one.fetch(f"http://{server.host}/output.png", io.BytesIO()) == 7


# --- Names that lead elsewhere --------------------------------------------------------------------
def test_a_name_that_leads_to_a_private_address_is_sent_not_one_byte(
    monkeypatch: pytest.MonkeyPatch,
):
    """However public it was a moment ago: what counts is where the connection went."""
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with speaking(picture) as server:
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        host = f"cdn.test:{server.port}"
        with pytest.raises(errors.BadOutput, match="private address"):
            fetcher(server, allowed_hosts=[host], sandbox_hosts=[]).fetch(
                f"https://{host}/output.png", io.BytesIO()
            )
        assert server.met.wait(60)
    assert asked == ["cdn.test"]
    assert (server.connections, server.heard) == (1, b"")


def test_a_redirect_to_a_private_address_is_not_followed():
    def redirect() -> Iterator[bytes]:
        yield b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
        yield b"Location: http://%s/output.png\r\n\r\n" % inner.host.encode()

    with (
        speaking(picture) as inner,
        speaking(redirect) as server,
        pytest.raises(errors.BadOutput, match="answered 302"),
    ):
        fetcher(server).fetch(f"http://{server.host}/output.png", io.BytesIO())
    assert inner.connections == 0
