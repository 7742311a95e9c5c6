"""The vendors that this house has a key for, and their clients, built once a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.conf import settings

from jobs.catalog import USUAL_VENDOR, RestorationModel, Route, vendors_named_in
from jobs.gateway import fal_signature
from jobs.gateway.fal import FalClient
from jobs.gateway.output import OutputFetcher, is_loopback
from jobs.gateway.pixazo import PixazoClient
from jobs.gateway.types import Vendor


def reachable() -> tuple[str, ...]:
    """Our words (`catalog.VENDORS`) for those that we can send to, the usual one first."""
    return (USUAL_VENDOR, "fal") if settings.FAL_KEY else (USUAL_VENDOR,)


def to_ask_about(notice: str) -> tuple[str, ...]:
    """Those of them that a notice's text names, the usual one first.

    None at all when it does not name that one: the others stand in for it alone.
    """
    named = vendors_named_in(notice)
    return tuple(vendor for vendor in reachable() if vendor in named and USUAL_VENDOR in named)


def routes(model: RestorationModel) -> tuple[Route, ...]:
    """The ways that this house can send a job of this model, the usual one first."""
    return tuple(route for route in model.routes if route.vendor in reachable())


def client(vendor: str) -> Vendor:
    """The client of a vendor, by our word for it. Raises KeyError."""
    clients: dict[str, Callable[[], Vendor]] = {"pixazo": pixazo, "fal": fal}
    return clients[vendor]()


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
def fal() -> FalClient:
    return FalClient(
        base_url=settings.FAL_BASE_URL,
        api_key=settings.FAL_KEY,
        connect_seconds=settings.GATEWAY_CONNECT_SECONDS,
        read_seconds=settings.GATEWAY_READ_SECONDS,
        connections=settings.CALLS_IN_FLIGHT,
    )


def signing_keys(vendor: str) -> list[str]:
    """As the vendor publishes them now. Raises GatewayError."""
    assert vendor == "fal"  # nobody else signs
    return fal_signature.fetch_keys(settings.FAL_JWKS_URL, seconds=settings.GATEWAY_READ_SECONDS)


@cache
def outputs() -> OutputFetcher:
    hosts = list(settings.PIXAZO_OUTPUT_HOSTS)
    if "fal" in reachable():
        hosts += settings.FAL_OUTPUT_HOSTS
    return OutputFetcher(
        allowed_hosts=hosts,
        sandbox_hosts=[host for host in hosts if settings.SANDBOX and is_loopback(host)],
        max_bytes=settings.RESULT_MAX_BYTES,
        deadline_seconds=settings.RESULT_DOWNLOAD_SECONDS,
    )
