"""Spares every new house the compressing of the same static files, which takes seconds.

A copy of the last house's collected files is kept in the repository's `var/`. `manage.py prepare`
decides by its own stamp whether they are those of this code, so a stale copy does no harm. A part
of one would: so a copy gets its stamp last, and nobody replaces what another house is copying.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / "var" / "static-kept"
STAMP = ".collected"


def static_files(var: Path) -> None:
    """Give a new house the kept files, if there are any."""
    static = var / "static"
    if static.exists() or not KEPT.exists():
        return
    with suppress(OSError, shutil.Error), _alone(fcntl.LOCK_SH):
        _copy(KEPT, static)


def remember_static_files(var: Path) -> None:
    """Keep this house's files, unless the same are kept already."""
    with suppress(OSError, shutil.Error):
        if _stamp(KEPT) == _stamp(var / "static"):
            return
        KEPT.parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="static-", dir=KEPT.parent))
        _copy(var / "static", fresh)
        with _alone(fcntl.LOCK_EX):
            shutil.rmtree(KEPT, ignore_errors=True)
            fresh.rename(KEPT)


def _copy(source: Path, target: Path) -> None:
    """All of it, the stamp last; or nothing."""
    try:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(STAMP), dirs_exist_ok=True)
        shutil.copy2(source / STAMP, target / STAMP)
    except (OSError, shutil.Error):
        shutil.rmtree(target, ignore_errors=True)
        raise


@contextmanager
def _alone(kind: int) -> Iterator[None]:
    """While many copy what is kept, nobody replaces it. A house that dies lets go."""
    with KEPT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, kind)
        yield


def _stamp(folder: Path) -> str:
    file = folder / STAMP
    return file.read_text() if file.exists() else ""
