"""``python -m sandbox.cards``: serve on loopback until SIGTERM or SIGINT.

A port that is taken ends in one sentence and exit status 1.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import sys

from aiohttp import web

from sandbox.cards.app import make_app
from sandbox.cards.settings import Settings, read

HOST = "127.0.0.1"


async def serve(settings: Settings) -> None:
    """Serve until a signal. Raises OSError when the port cannot be had."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        make_app(settings), access_log=None, shutdown_timeout=1, handle_signals=False
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, settings.port).start()
        print(f"Sandbox card processor on http://{HOST}:{settings.port}/_sandbox/", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    try:
        settings = read()
    except ValueError as problem:
        print(f"The card processor's settings: {problem}.", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(serve(settings))
    except OSError as problem:
        if problem.errno != errno.EADDRINUSE:
            raise
        print(
            f"Port {settings.port} on {HOST} is already in use: stop what runs there, or choose "
            "another with SANDBOX_CARDS_PORT.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
