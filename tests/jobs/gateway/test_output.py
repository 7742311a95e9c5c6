"""jobs.gateway.output: a result is fetched from where it may lie, and from nowhere else."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from jobs.gateway import errors
from jobs.gateway.output import OutputFetcher, is_loopback

HOST = "pub-1.r2.dev"
URL = f"https://{HOST}/v1/gfpgan_1/output.png"
PUBLIC = "104.18.2.35"
CHUNK_BYTES = 256 * 1024


class Wire:
    """The connection that an answer came over."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    def get_extra_info(self, name: str) -> Any:
        return (self.address, 443) if name == "server_addr" and self.address else None


class Store:
    """A vendor's store; `asked` are the requests that reached it."""

    def __init__(self, response: httpx.Response, *, address: str | None = PUBLIC) -> None:
        self.response, self.address = response, address
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.response.extensions["network_stream"] = Wire(self.address)
        return self.response


def fetcher(store: Any, **changes: Any) -> OutputFetcher:
    defaults: dict[str, Any] = {
        "allowed_hosts": [HOST],
        "max_bytes": 1000,
        "deadline_seconds": 60,
        "transport": httpx.MockTransport(store),
    }
    return OutputFetcher(**{**defaults, **changes})


def refused(store: Store, url: str = URL, **changes: Any) -> str:
    """The words of a BadOutput."""
    with pytest.raises(errors.BadOutput) as problem:
        fetcher(store, **changes).fetch(url, io.BytesIO())
    return str(problem.value)


def test_a_result_is_streamed_into_the_file():
    store, into = Store(httpx.Response(200, content=b"picture")), io.BytesIO()
    assert fetcher(store).fetch(URL, into) == 7
    assert into.getvalue() == b"picture"


def test_the_vendors_key_never_goes_to_its_store():
    store = Store(httpx.Response(200, content=b"picture"))
    fetcher(store).fetch(URL, io.BytesIO())
    assert "Ocp-Apim-Subscription-Key" not in store.asked[0].headers
    assert "Authorization" not in store.asked[0].headers


def test_a_signed_address_is_visited_with_its_query():
    store = Store(httpx.Response(200, content=b"picture"))
    fetcher(store).fetch(URL + "?X-Amz-Signature=abc&b=%2F", io.BytesIO())
    assert store.asked[0].url.query == b"X-Amz-Signature=abc&b=%2F"


# --- Where it may lie -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/output.png",
        f"https://{HOST}.evil.test/output.png",
        f"https://evil-{HOST}/output.png",
        f"https://sub.{HOST}/output.png",
        f"https://{HOST}:8443/output.png",
        f"https://{HOST}:443/output.png",
        f"https://{HOST}./output.png",
        f"https://{HOST.upper()}/output.png",
        f"https://evil.test/?{HOST}",
        f"https://evil.test#{HOST}",
        f"https://user@{HOST}/output.png",
        f"https://user:pass@{HOST}/output.png",
        f"https://@{HOST}/output.png",
        f"https://{HOST}@evil.test/output.png",
        f"https://{HOST}\\@evil.test/output.png",
        "https://127.0.0.1/output.png",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/output.png",
        "https://[::1/output.png",
        "https:///output.png",
        f"https://{HOST}\n/output.png",
        "https://pub-\t1.r2.dev/output.png",
        f"https://{HOST}/\x01",
        f"https://{HOST}/\ud800",
        f"https://{HOST}/" + "a" * 70_000,
        "",
        "output.png",
    ],
)
def test_another_host_is_never_even_asked(url: str):
    store = Store(httpx.Response(200, content=b"picture"))
    refused(store, url)
    assert store.asked == []


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "HTTP", "gopher", ""])
def test_only_https_will_do(scheme: str):
    store = Store(httpx.Response(200, content=b"picture"))
    url = f"{scheme}://{HOST}/output.png" if scheme else f"//{HOST}/output.png"
    assert refused(store, url) == "the result's address is not https"
    assert store.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int):
    store = Store(httpx.Response(status, headers={"Location": f"https://{HOST}/other.png"}))
    assert refused(store) == f"answered {status}"
    assert len(store.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.7",
        "not an address",
        "",
        None,
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused_before_a_byte_is_read(
    address: str | None,
):
    store, into = Store(httpx.Response(200, content=b"secret"), address=address), io.BytesIO()
    with pytest.raises(errors.BadOutput):
        fetcher(store).fetch(URL, into)
    assert into.getvalue() == b""


def test_a_connection_that_cannot_be_checked_is_refused():
    with pytest.raises(errors.BadOutput, match="can't be checked"):
        fetcher(lambda request: httpx.Response(200, content=b"x")).fetch(URL, io.BytesIO())


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::6812:223"])
def test_a_public_address_is_fine(address: str):
    store = Store(httpx.Response(200, content=b"picture"), address=address)
    assert fetcher(store).fetch(URL, io.BytesIO()) == 7


def test_the_sandboxes_own_host_may_speak_http_on_loopback():
    sandbox = "127.0.0.1:8010"
    store = Store(httpx.Response(200, content=b"picture"), address="127.0.0.1")
    hosts = {"allowed_hosts": [sandbox], "sandbox_hosts": [sandbox]}
    assert fetcher(store, **hosts).fetch(f"http://{sandbox}/out.png", io.BytesIO()) == 7


def test_another_port_of_the_sandboxes_machine_is_another_host():
    hosts = {"allowed_hosts": ["127.0.0.1:8010"], "sandbox_hosts": ["127.0.0.1:8010"]}
    store = Store(httpx.Response(200, content=b"picture"), address="127.0.0.1")
    refused(store, "http://127.0.0.1:6379/out.png", **hosts)
    assert store.asked == []


def test_a_sandbox_host_that_is_not_allowed_is_refused_all_the_same():
    store = Store(httpx.Response(200, content=b"picture"))
    refused(store, "http://127.0.0.1:8010/out.png", sandbox_hosts=["127.0.0.1:8010"])


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8010", True),
        ("127.8.8.8:1", True),
        ("[::1]:8010", True),
        ("localhost:8010", True),
        ("localhost.evil.test", False),
        ("10.0.0.1", False),
        (HOST, False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, own: bool):
    assert is_loopback(host) is own


# --- What comes back ------------------------------------------------------------------------
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 206, 304])
def test_an_answer_that_will_stay_so_is_given_up(status: int):
    assert refused(Store(httpx.Response(status, content=b""))) == f"answered {status}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_may_change_is_tried_again(status: int):
    store = Store(httpx.Response(status, content=b"<html>sorry</html>"))
    into = io.BytesIO()
    with pytest.raises(errors.OutputUnavailable) as problem:
        fetcher(store).fetch(URL, into)
    assert problem.value.http_status == status
    assert into.getvalue() == b""


@pytest.mark.parametrize("problem", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
def test_a_store_that_cannot_be_reached_is_tried_again(problem: type[Exception]):
    def away(request: httpx.Request) -> httpx.Response:
        raise problem(f"no answer from {URL}")

    with pytest.raises(errors.OutputUnavailable) as unavailable:
        fetcher(away).fetch(URL, io.BytesIO())
    assert URL not in str(unavailable.value)


class Body(httpx.SyncByteStream):
    """A body that comes in pieces, and can break in the middle; `sent` counts the pieces."""

    def __init__(self, piece: bytes, *, pieces: int, breaks: bool = False) -> None:
        self.piece, self.pieces, self.breaks, self.sent = piece, pieces, breaks, 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.pieces):
            self.sent += 1
            yield self.piece
        if self.breaks:
            raise httpx.ReadError("reset")


def test_a_result_of_just_the_most_bytes_is_taken():
    into = io.BytesIO()
    store = Store(httpx.Response(200, content=b"x" * 1000))
    assert fetcher(store).fetch(URL, into) == 1000


def test_one_byte_too_many_is_refused():
    store = Store(httpx.Response(200, content=b"x" * 1001))
    assert refused(store) == "the result is too large"


def test_an_endless_result_is_cut_off_soon_after_the_most_bytes():
    body = Body(b"x" * CHUNK_BYTES, pieces=1000)
    into = io.BytesIO()
    with pytest.raises(errors.BadOutput, match="too large"):
        fetcher(Store(httpx.Response(200, stream=body)), max_bytes=CHUNK_BYTES * 3).fetch(URL, into)
    assert body.sent <= 5
    assert len(into.getvalue()) <= CHUNK_BYTES * 3


def test_a_result_that_breaks_off_is_tried_again():
    store = Store(httpx.Response(200, stream=Body(b"half", pieces=1, breaks=True)))
    with pytest.raises(errors.OutputUnavailable):
        fetcher(store).fetch(URL, io.BytesIO())


def test_a_result_that_comes_too_slowly_is_tried_another_time(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 100_000, 25))  # every look at the clock is 25 seconds later
    monkeypatch.setattr("jobs.gateway.bounded.time.monotonic", lambda: float(next(clock)))
    body = Body(b"x" * CHUNK_BYTES, pieces=1000)
    store = Store(httpx.Response(200, stream=body))
    with pytest.raises(errors.OutputUnavailable, match="too slowly"):
        fetcher(store, max_bytes=10**9, deadline_seconds=60).fetch(URL, io.BytesIO())
    assert body.sent <= 4


def test_a_result_that_drips_in_is_cut_off_too(monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 100_000, 25))
    monkeypatch.setattr("jobs.gateway.bounded.time.monotonic", lambda: float(next(clock)))
    body = Body(b"x", pieces=1000)  # a byte, a pause, a byte: never a whole chunk
    with pytest.raises(errors.OutputUnavailable, match="too slowly"):
        fetcher(Store(httpx.Response(200, stream=body)), max_bytes=10**9).fetch(URL, io.BytesIO())
    assert body.sent <= 5


def test_a_result_that_unfolds_is_not_unfolded():
    bomb = gzip.compress(b"\0" * 10_000_000)
    store = Store(httpx.Response(200, content=bomb, headers={"Content-Encoding": "gzip"}))
    into = io.BytesIO()
    with pytest.raises(errors.BadOutput):
        fetcher(store, max_bytes=100_000).fetch(URL, into)
    assert into.getvalue() == b""
    assert store.asked[0].headers["Accept-Encoding"] == "identity"
