"""The vendors' clients, built once a process from settings."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from jobs.gateway.output import OutputFetcher, is_loopback
from jobs.gateway.pixazo import PixazoClient
from jobs.gateway.types import Vendor


def client(vendor: str) -> Vendor:
    """The client of a vendor, by our word for it (`catalog.VENDORS`). Raises KeyError."""
    return {"pixazo": pixazo}[vendor]()


@cache
def pixazo() -> PixazoClient:
    return PixazoClient(
        base_url=settings.PIXAZO_BASE_URL,
        api_key=settings.PIXAZO_API_KEY,
        connect_seconds=settings.GATEWAY_CONNECT_SECONDS,
        read_seconds=settings.GATEWAY_READ_SECONDS,
        connections=settings.CALLS_IN_FLIGHT,
    )


@cache
def outputs() -> OutputFetcher:
    hosts = settings.PIXAZO_OUTPUT_HOSTS
    return OutputFetcher(
        allowed_hosts=hosts,
        sandbox_hosts=[host for host in hosts if settings.SANDBOX and is_loopback(host)],
        max_bytes=settings.RESULT_MAX_BYTES,
        deadline_seconds=settings.RESULT_DOWNLOAD_SECONDS,
    )
