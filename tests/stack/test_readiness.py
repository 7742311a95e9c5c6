"""The launcher believes only a report that says all is well."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.stack import readiness
from sandbox.stack.plan import Addresses

WELL: dict[str, str | None] = {"database": None, "redis": None, "s3": None}


@contextmanager
def a_site_that_says(status: int, body: bytes) -> Iterator[int]:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def report(checks: dict[str, str | None], *, heavy: bool = True) -> bytes:
    alive = {"quick": True, "heavy": heavy}
    return json.dumps({"checks": checks, "workers_alive": alive}).encode()


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [
        (200, report(WELL), None),
        (200, report(WELL, heavy=False), "No worker is alive yet for: heavy."),
        (503, report(WELL | {"s3": "S3 is away."}), "S3 is away."),
        (503, report(WELL), "The site answers /health/ready/ with 503."),
        (200, b"<h1>hello</h1>", "The site answers /health/ready/ with 200 and no report."),
        (200, b"[]", "The site answers /health/ready/ with 200 and no report."),
    ],
)
def test_only_a_report_of_wellness_counts(status: int, body: bytes, missing: str | None):
    with a_site_that_says(status, body) as port:
        assert readiness.ask(port) == missing


def test_the_greeting_names_what_a_newcomer_needs():
    house = Addresses(
        site="http://127.0.0.1:8000",
        mailbox="http://127.0.0.1:1/",
        gateway="",
        cards="http://127.0.0.1:8027/_sandbox/",
        var="/var/here",
        demo_people={"member": "member@heirloom.example"},
        demo_password="heirloom-demo",
        env={},
    )
    text = readiness.greeting(house)
    assert "Heirloom is ready: http://127.0.0.1:8000\n" in text
    assert "member@heirloom.example" in text
    assert "heirloom-demo" in text
    assert "gateway" not in text


def test_the_ready_file_is_for_this_user_alone(tmp_path: Path):
    house = Addresses("a", "b", "c", "d", "e", {}, "", {"SECRET_KEY": "x"})
    readiness.write_ready_file(tmp_path / "ready.json", house)
    assert (tmp_path / "ready.json").stat().st_mode & 0o777 == 0o600
    assert Addresses(**json.loads((tmp_path / "ready.json").read_text())) == house
