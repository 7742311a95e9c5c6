"""What the handlers share: one object on the application, made at start-up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.cards.courier import Behaviour, Courier
from sandbox.cards.settings import Settings
from sandbox.cards.store import Store
from sandbox.cards.till import Till


@dataclass(frozen=True, slots=True)
class Cards:
    """The running card processor's parts. `seal` marks the forms of its own pages."""

    settings: Settings
    behaviour: Behaviour
    store: Store
    courier: Courier
    till: Till
    seal: str = field(default_factory=lambda: secrets.token_urlsafe(16))


CARDS: web.AppKey[Cards] = web.AppKey("cards", Cards)
