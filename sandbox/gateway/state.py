"""What the gateway's handlers share: one object on the application, made at start-up."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from sandbox.gateway.behaviour import Behaviour
from sandbox.gateway.lifecycle import Lifecycle
from sandbox.gateway.log import Log
from sandbox.gateway.settings import Settings
from sandbox.gateway.store import Store


@dataclass(frozen=True, slots=True)
class Gateway:
    """The running gateway's parts."""

    settings: Settings
    behaviour: Behaviour
    store: Store
    log: Log
    lifecycle: Lifecycle


GATEWAY: web.AppKey[Gateway] = web.AppKey("gateway", Gateway)
