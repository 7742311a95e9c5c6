"""The sandbox's post office: takes every mail by real SMTP and shows it on a page.

`python -m sandbox.mail` listens on loopback. Nothing is ever sent on. Told by the environment:
MAIL_PORT (SMTP), MAILBOX_PORT (the page), VAR_DIR (mails are kept in its folder `mail`).

A mail's text is a stranger's: the page escapes all of it, runs no script and loads nothing.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
MAX_BYTES = 10 * 1024 * 1024
SHOWN = 200
NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}")
LINK = re.compile(r"https?://[^\s<>\"'\x00-\x1f]+")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
li { margin-block: .5rem } small { opacity: .75 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it was received; all of it text from outside."""

    name: str
    sender: str
    recipients: str
    subject: str
    sent_at: str
    text: str


class Mailbox:
    """The folder with one `.eml` file a mail; names sort by time of arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd calls this with a whole mail."""
        content = envelope.original_content or b""
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        partial = self.folder / f"{name}.partial"
        partial.write_bytes(content)
        partial.rename(self.folder / f"{name}.eml")
        print(f"Mail for {', '.join(envelope.rcpt_tos)!r}", flush=True)
        return "250 Kept in the sandbox's mailbox"

    def newest(self, count: int = SHOWN) -> list[Mail]:
        names = sorted((path.stem for path in self.folder.glob("*.eml")), reverse=True)[:count]
        return [mail for name in names if (mail := self.read(name))]

    def read(self, name: str) -> Mail | None:
        """None when there is no such mail."""
        if not NAME.fullmatch(name):
            return None
        try:
            content = (self.folder / f"{name}.eml").read_bytes()
        except FileNotFoundError:
            return None
        message = message_from_bytes(content, policy=policy.default)
        return Mail(
            name=name,
            sender=_header(message, "from"),
            recipients=_header(message, "to"),
            subject=_header(message, "subject") or "(no subject)",
            sent_at=_header(message, "date"),
            text=_text(message),
        )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, IndexError, AttributeError):  # a header no parser understands
        return "(unreadable)"


def _text(message: EmailMessage) -> str:
    try:
        part = message.get_body(preferencelist=("plain",))
        return str(part.get_content()) if part else "(This mail has no plain text part.)"
    except (ValueError, LookupError, AttributeError):
        return "(The text of this mail can't be read.)"


def linked(text: str) -> str:
    """The text as HTML: escaped, its web addresses clickable."""
    pieces, end = [], 0
    for found in LINK.finditer(text):
        address = found.group().rstrip(".,;:!?)]}")
        pieces.append(escape(text[end : found.start()]))
        pieces.append(f'<a href="{escape(address)}">{escape(address)}</a>')
        end = found.start() + len(address)
    return "".join([*pieces, escape(text[end:])])


def page(title: str, body: str) -> web.Response:
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/style.css">'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
    return web.Response(text=html, content_type="text/html")


def make_app(mailbox: Mailbox) -> web.Application:
    """The read-only page over a mailbox."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A page elsewhere could point its own name at this machine and read along.
        if request.host.rpartition(":")[0] not in (HOST, "localhost"):
            raise web.HTTPForbidden(text="Ask for 127.0.0.1.")
        return await handler(request)

    async def headers(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(HEADERS)

    async def index(request: web.Request) -> web.Response:
        rows = "".join(
            f'<li><a href="/mail/{mail.name}">{escape(mail.subject)}</a><br>'
            f"<small>to {escape(mail.recipients)}, {escape(mail.sent_at)}</small></li>"
            for mail in mailbox.newest()
        )
        about = "<p>Mail that the sandbox would have sent. It never leaves this machine.</p>"
        return page("Mailbox", about + (f"<ul>{rows}</ul>" if rows else "<p>No mail yet.</p>"))

    async def mail(request: web.Request) -> web.Response:
        found = mailbox.read(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="No such mail.")
        about = f"from {found.sender} to {found.recipients}, {found.sent_at}"
        return page(
            found.subject,
            f"<p><small>{escape(about)}</small></p><pre>{linked(found.text)}</pre>"
            '<p><a href="/">All mail</a></p>',
        )

    async def style(request: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    app = web.Application(middlewares=[guarded])
    app.on_response_prepare.append(headers)
    app.add_routes(
        [web.get("/", index), web.get("/mail/{name}", mail), web.get("/style.css", style)]
    )
    return app


async def serve(mailbox: Mailbox, *, smtp_port: int, page_port: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when a port can't be had."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def smtp() -> SMTP:
        return SMTP(
            mailbox, data_size_limit=MAX_BYTES, hostname="sandbox", enable_SMTPUTF8=True, loop=loop
        )

    post = await loop.create_server(smtp, HOST, smtp_port)
    runner = web.AppRunner(make_app(mailbox), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, page_port).start()
        print(f"Mailbox on http://{HOST}:{page_port}/ (SMTP on port {smtp_port})", flush=True)
        await stop.wait()
    finally:
        post.close()
        await runner.cleanup()


def main() -> None:
    smtp_port = int(os.environ.get("MAIL_PORT") or 8025)
    page_port = int(os.environ.get("MAILBOX_PORT") or 8026)
    mailbox = Mailbox(Path(os.environ.get("VAR_DIR") or "var").resolve() / "mail")
    try:
        asyncio.run(serve(mailbox, smtp_port=smtp_port, page_port=page_port))
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        sys.exit(
            f"Port {smtp_port} or {page_port} on {HOST} is already in use: stop what runs there, "
            "or choose others with MAIL_PORT and MAILBOX_PORT."
        )


if __name__ == "__main__":
    main()
