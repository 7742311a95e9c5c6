"""sandbox.stack.warm: a house gets all of the kept static files, or none; never a part of them."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.stack import warm


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.setattr(warm, "KEPT", tmp_path / "var" / "static-kept")

    def make(name: str, *, stamp: str = "") -> Path:
        (tmp_path / name).mkdir()
        if stamp:
            (tmp_path / name / "static" / "css").mkdir(parents=True)
            (tmp_path / name / "static" / ".collected").write_text(stamp)
            (tmp_path / name / "static" / "css" / "site.css").write_text(f"/* {stamp} */")
        return tmp_path / name

    return make


def files(var: Path) -> set[str]:
    static = var / "static"
    return {str(path.relative_to(static)) for path in static.rglob("*") if path.is_file()}


def test_a_new_house_gets_what_the_last_one_kept(house: Callable[..., Path]):
    new = house("new")
    warm.static_files(new)
    assert not (new / "static").exists()
    for stamp in ("one", "two", "two"):
        warm.remember_static_files(
            house(f"old-{stamp}-{len(list(new.parent.iterdir()))}", stamp=stamp)
        )
    warm.static_files(new)
    assert files(new) == {".collected", "css/site.css"}
    assert (new / "static" / ".collected").read_text() == "two"


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_copy_that_breaks_off_leaves_nothing_that_looks_whole(
    house: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, is_stopped: bool
):
    """Neither by an error nor by a kill, after which nothing is tidied up."""
    warm.remember_static_files(house("old", stamp="one"))
    copy2 = shutil.copy2

    def broken(source: Any, target: Any, **options: Any) -> Any:
        if Path(source).name == "site.css":
            raise KeyboardInterrupt if is_stopped else OSError("no space left")
        return copy2(source, target, **options)

    monkeypatch.setattr(shutil, "copy2", broken)
    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, broken, False, False))
    new = house("new")
    if is_stopped:
        with pytest.raises(KeyboardInterrupt):
            warm.static_files(new)
        assert ".collected" not in files(new)
    else:
        warm.static_files(new)
        assert not (new / "static").exists()


def test_what_is_kept_is_replaced_when_nobody_copies_it(
    house: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    warm.remember_static_files(house("old", stamp="one"))
    copytree, was_free = shutil.copytree, []

    def copying(source: Path, *rest: Any, **options: Any) -> Any:
        with warm.KEPT.with_suffix(".lock").open("w") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                was_free.append(True)
            except BlockingIOError:
                was_free.append(False)
        return copytree(source, *rest, **options)

    monkeypatch.setattr(shutil, "copytree", copying)
    warm.static_files(house("new"))
    assert set(was_free) == {False}
