"""The sandbox's own secrets: made once, kept in `var/` for this user alone.

So a second start finds the sessions and pictures of the first, and no password is ever the same on
two machines.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from sandbox.stack.errors import StackError

FILE = "credentials.json"
# What every file has had, since the first.
FIRST = ("SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PIXAZO_API_KEY")


def load(var: Path) -> dict[str, str]:
    """The secrets by the name of their environment variable; what a file of an earlier version
    lacks is made and added. Raises StackError when the file is not what this module wrote."""
    path = var / FILE
    fresh = _fresh()
    if not path.exists():
        _write(path, fresh)
    try:
        found = json.loads(path.read_text())
        kept = {name: str(found[name]) for name in fresh if name in {*FIRST, *found}}
        if len(kept) < len(fresh):
            _write(path, fresh | kept)
        return fresh | kept
    except (OSError, ValueError, KeyError, TypeError):
        raise StackError(
            f"{path} can't be read as the sandbox's credentials: repair it, or delete it (open "
            "sessions end then)."
        ) from None


def _fresh() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "AWS_ACCESS_KEY_ID": f"sandbox{secrets.token_hex(6)}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "PIXAZO_API_KEY": f"sandbox-{secrets.token_hex(16)}",
        "FAL_KEY": f"sandbox-{secrets.token_hex(8)}:{secrets.token_hex(16)}",
        "STRIPE_SECRET_KEY": f"sk_test_sandbox{secrets.token_hex(16)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
    }


def _write(path: Path, values: dict[str, str]) -> None:
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(values, file, indent=2)
    partial.rename(path)
