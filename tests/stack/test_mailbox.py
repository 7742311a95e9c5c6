"""The sandbox's mailbox: real SMTP in, and a page on which a hostile mail is only text."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from sandbox.mail import Mailbox, linked
from sandbox.stack import ports

PATIENCE_SECONDS = 60.0  # on a busy machine


@dataclass
class Post:
    smtp_port: int
    page_port: int
    folder: Path

    def send(self, subject: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"] = "site@heirloom.example", "ada@heirloom.example"
        message["Subject"] = subject
        message.set_content(text)
        message.add_alternative("<script>alert('html part')</script>", subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE_SECONDS) as smtp:
            smtp.send_message(message)

    def get(self, path: str, *, host: str = "") -> tuple[str, dict[str, str]]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.page_port}{path}")
        if host:
            request.add_header("Host", host)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode(), dict(answer.headers)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    var, taken = tmp_path_factory.mktemp("post"), set[int]()
    here = Post(ports.pick(taken=taken), ports.pick(taken=taken), var / "mail")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.mail"],
        env={
            "MAIL_PORT": str(here.smtp_port),
            "MAILBOX_PORT": str(here.page_port),
            "VAR_DIR": str(var),
        },
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while ports.is_free(here.page_port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield here
    finally:
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.processes
def test_a_mail_sent_by_smtp_is_shown_newest_first(post: Post):
    post.send("First of two", "hello")
    post.send("Second of two", "Confirm: http://127.0.0.1:8000/accounts/confirm-email/abc/.")
    index, _ = post.get("/")
    assert index.index("Second of two") < index.index("First of two")
    newest = Mailbox(post.folder).newest(1)[0]
    shown, _ = post.get(f"/mail/{newest.name}")
    address = "http://127.0.0.1:8000/accounts/confirm-email/abc/"
    assert f'<a href="{address}">{address}</a>.' in shown


@pytest.mark.processes
def test_a_hostile_mail_is_only_text(post: Post):
    post.send("<img src=x onerror=alert(1)>", "<script>alert(2)</script> https://x/\"><b onx='1'")
    newest = Mailbox(post.folder).newest(1)[0]
    for path in ("/", f"/mail/{newest.name}"):
        html, headers = post.get(path)
        assert "<script" not in html
        assert "<img" not in html
        assert "<b " not in html
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.processes
def test_a_name_that_points_elsewhere_is_not_found(post: Post):
    for path in ("/mail/..%2f..%2fetc%2fpasswd", "/mail/x", "/mail/%00"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            post.get(path)


@pytest.mark.processes
def test_another_host_name_for_this_machine_is_refused(post: Post):
    with pytest.raises(urllib.error.HTTPError, match="403"):
        post.get("/", host=f"evil.example:{post.page_port}")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            "(see https://a.example/?x=1&y=2).",
            '(see <a href="https://a.example/?x=1&amp;y=2">https://a.example/?x=1&amp;y=2</a>).',
        ),
    ],
)
def test_text_becomes_html_with_its_links(text: str, html: str):
    assert linked(text) == html


def test_headers_that_no_parser_understands_are_no_error(tmp_path: Path):
    mailbox = Mailbox(tmp_path)
    name = "0" * 20 + "-" + "a" * 8
    (tmp_path / f"{name}.eml").write_bytes(
        b"From: \xff<<>\r\nTo: =?x?q?=00\r\nDate: never\r\n"
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff"
    )
    assert mailbox.read(name) is not None
