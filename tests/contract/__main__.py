"""``make contract``: the sandbox, and each real vendor whose key is given, beside its documents.

Prints what differs and exits 1 then. A real vendor is asked for one restoration of one picture
(CONTRACT_IMAGE_URL, or the example of its own documents), and fal for one more that can't succeed;
what that costs is said before.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.contract.facts import FACTS, Fact, NotSeen
from tests.contract.peers import Peer, real, sandbox

PIXAZO_URL, FAL_URL = "https://gateway.pixazo.ai", "https://queue.fal.run"
FAL_KEYS_URL = "https://rest.fal.ai/.well-known/jwks.json"
COSTS = {
    "real pixazo": "one GFPGAN restoration, $0.0031",
    "real fal": "one CodeFormer restoration at the picture's size, $0.0021 a megapixel, and "
    "perhaps as much for one that is refused",
}

Open = Callable[[], AbstractContextManager[Peer]]


@dataclass(frozen=True)
class Seen:
    """One difference."""

    peer: str
    check: str
    documented: str
    seen: str


def peers_wanted(environ: Mapping[str, str], directory: Path) -> Iterator[tuple[str, Open]]:
    """By name, how to speak to each."""
    for vendor in ("pixazo", "fal"):
        yield f"sandbox {vendor}", partial(sandbox, vendor, directory / vendor)
    image_url = environ.get("CONTRACT_IMAGE_URL", "")
    if key := environ.get("PIXAZO_API_KEY"):
        url = environ.get("PIXAZO_BASE_URL") or PIXAZO_URL
        yield "real pixazo", partial(real, "pixazo", url=url, key=key, image_url=image_url)
    if key := environ.get("FAL_KEY"):
        yield (
            "real fal",
            partial(
                real,
                "fal",
                url=environ.get("FAL_BASE_URL") or FAL_URL,
                key=key,
                image_url=image_url,
                keys_url=environ.get("FAL_JWKS_URL") or FAL_KEYS_URL,
            ),
        )


def differences(peer: Peer, facts: Iterable[Fact] = FACTS) -> list[Seen]:
    """What is not as documented; a check that breaks is a difference, too."""
    found = []
    for fact in facts:
        if fact.vendor != peer.vendor:
            continue
        try:
            seen = fact.difference(peer)
        except NotSeen as why:
            print(f"  not looked at: {fact.name} ({why})")
            continue
        except Exception as problem:
            seen = f"{type(problem).__name__}: {problem}"[:300]
        if seen:
            found.append(Seen(f"{peer.name} {peer.vendor}", fact.name, fact.documented, seen))
    return found


def table(seen: list[Seen]) -> str:
    """For people: who, which check, what the documents say, what was seen."""
    rows = [("whom", "check", "documented", "seen")]
    rows += [(one.peer, one.check, one.documented, one.seen) for one in seen]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )


def main(environ: Mapping[str, str] = os.environ) -> int:
    seen: list[Seen] = []
    with tempfile.TemporaryDirectory() as directory:
        for name, speak in peers_wanted(environ, Path(directory)):
            print(f"{name}: {COSTS.get(name, 'costs nothing')}", flush=True)
            with speak() as peer:
                seen += differences(peer)
    print(table(seen) if seen else "Nothing differs from the documents.")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
