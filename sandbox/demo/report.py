"""How a demo went: the closing table, `report.json`, and whether it was as promised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.demo.journey import WalletPage, dollars


@dataclass(frozen=True)
class Restoration:
    """One model's run. `seconds` from the click to the end; `before` and `after` are paths of
    pictures, `after` empty when there is none. Money in micro-dollars."""

    model: str
    state: str
    seconds: float
    quoted_micros: int
    charged_micros: int
    held_micros: int
    before: str
    after: str


def write(path: Path, restorations: Sequence[Restoration]) -> None:
    path.write_text(json.dumps([asdict(one) for one in restorations], indent=2) + "\n")


def table(restorations: Sequence[Restoration]) -> str:
    lines = [f"{'model':<14}{'state':<12}{'seconds':>8}{'charged':>12}"]
    lines += [
        f"{one.model:<14}{one.state:<12}{one.seconds:>8.1f}{dollars(one.charged_micros):>12}"
        for one in restorations
    ]
    return "\n".join(lines)


def faults(
    restorations: Sequence[Restoration], *, granted_micros: int, wallet: WalletPage
) -> list[str]:
    """What is not as promised, a sentence each; empty when all is well."""
    found = [
        f"{one.model} ended {one.state}, not DELIVERED."
        for one in restorations
        if one.state != "DELIVERED"
    ]
    for one in restorations:
        if one.held_micros:
            found.append(f"{one.model} has ended, yet {dollars(one.held_micros)} is still held.")
        if one.state == "DELIVERED" and not 0 < one.charged_micros <= one.quoted_micros:
            found.append(
                f"{one.model} was quoted {dollars(one.quoted_micros)} "
                f"and charged {dollars(one.charged_micros)}."
            )
        if one.state != "DELIVERED" and one.charged_micros:
            found.append(f"{one.model} brought nothing, yet {dollars(one.charged_micros)} is gone.")
    charged = sum(one.charged_micros for one in restorations)
    if wallet.held_micros:
        found.append(f"The wallet still has {dollars(wallet.held_micros)} set aside.")
    if wallet.available_micros + wallet.held_micros + charged != granted_micros:
        found.append(
            f"The wallet does not balance: {dollars(granted_micros)} was granted and "
            f"{dollars(charged)} charged, but {dollars(wallet.available_micros)} is there."
        )
    return found
