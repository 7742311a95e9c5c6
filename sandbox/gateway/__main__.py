"""``python -m sandbox.gateway``: serve on loopback until SIGTERM or SIGINT.

A port that is taken ends in one sentence and exit status 1. Leaves within two seconds of a signal,
even in the middle of a picture: the request is taken up again at the next start.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys

# Before numpy is loaded: one core for each picture, or pictures worked on together slow each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from aiohttp import web

from sandbox.gateway.app import make_app
from sandbox.gateway.settings import Settings, parse

HOST = "127.0.0.1"
GRACE_SECONDS = 1.0


async def serve(settings: Settings) -> None:
    """Serve until a signal. Raises OSError when the port cannot be had."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        make_app(settings), access_log=None, shutdown_timeout=GRACE_SECONDS, handle_signals=False
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, settings.port, backlog=1024).start()
        print(f"Sandbox gateway on http://{HOST}:{settings.port}/_sandbox/", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    settings = parse(sys.argv[1:])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(
            f"Port {settings.port} on {HOST} is already in use: stop what runs there, or choose "
            "another with SANDBOX_GATEWAY_PORT.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # a worker thread in the middle of a picture must not hold the process
