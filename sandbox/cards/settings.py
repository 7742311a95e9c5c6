"""What one run of the card processor is told at its start, by the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's configuration. `webhook_url` is the site's, where signed events go."""

    port: int = 8027
    key: str = "sk_test_sandbox"
    webhook_secret: str = "whsec_sandbox"
    webhook_url: str = "http://127.0.0.1:8000/webhooks/stripe/"
    directory: Path = Path("var/cards")
    bank_seconds: float = 5.0
    retry_pauses: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)

    @property
    def database(self) -> Path:
        return self.directory / "cards.sqlite3"


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises ValueError for a number that is none."""
    default = Settings()
    return Settings(
        port=int(environ.get("SANDBOX_CARDS_PORT") or default.port),
        key=environ.get("STRIPE_SECRET_KEY") or default.key,
        webhook_secret=environ.get("STRIPE_WEBHOOK_SECRET") or default.webhook_secret,
        webhook_url=environ.get("SANDBOX_CARDS_WEBHOOK_URL") or default.webhook_url,
        directory=Path(environ.get("SANDBOX_CARDS_DIR") or default.directory),
        bank_seconds=float(environ.get("SANDBOX_BANK_SECONDS") or default.bank_seconds),
    )
