"""The demo keeps its word: what it shows and leaves, and how it says that something is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sandbox.demo import __main__ as demo
from sandbox.demo.journey import WalletPage, dollars, micros
from sandbox.demo.pages import Form, PageError, parse
from sandbox.demo.report import Restoration, faults

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "sandbox.demo"]
GOOD = Restoration(
    model="gfpgan",
    state="DELIVERED",
    seconds=1.0,
    quoted_micros=3_100,
    charged_micros=3_100,
    held_micros=0,
    before="before.jpg",
    after="after-gfpgan.png",
)
FORM = """
<form action="/restore/"><input type="hidden" name="click_key" value="k"><br>
<input type=checkbox name=who value=A><input type="checkbox" name="who" value="B" checked>
<select name=model><option value=1>One</option><option value=2 selected>Two</option></select>
<textarea name=why>
words</textarea><input name=off value=x disabled><button>Go</button></form>
"""


@pytest.mark.processes
@pytest.mark.timeout(480)  # three models, one after the other, on a machine that does other things
def test_the_demo_delivers_with_every_model_and_reports_it(tmp_path: Path):
    folder = tmp_path / "demo"
    quick = ["--var", str(folder), "--env", "SANDBOX_LATENCY_SECONDS=0.2"]
    done = subprocess.run([*COMMAND, *quick], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    report = json.loads((folder / "report.json").read_text())
    assert [(one["model"], one["state"]) for one in report] == [
        (model, "DELIVERED") for model in demo.MODELS
    ]
    for one in report:
        assert one["charged_micros"] == one["quoted_micros"] > 0
        assert one["held_micros"] == 0
        for side in ("before", "after"):
            assert Path(one[side]).parent == folder
            with Image.open(one[side]) as picture:
                picture.load()
        assert re.search(rf"^{one['model']} +\w+ → DELIVERED \(\d+\.\d s\)$", done.stdout, re.M)
    assert "The ledger balances: $1.00 granted" in done.stdout
    assert not who_mentions(folder)


@pytest.mark.processes
def test_ctrl_c_leaves_nothing_running(tmp_path: Path):
    folder = tmp_path / "demo"
    process = subprocess.Popen([*COMMAND, "--var", str(folder)], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not (folder / "credentials.json").exists():  # the house is on its way up
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert who_mentions(folder)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, errors) == (130, b"\nStopped.\n")
    assert not who_mentions(folder)


def who_mentions(folder: Path) -> list[str]:
    """The command lines of living processes that work on a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            folder_is_theirs = str(folder).encode() in told
        except OSError:  # it has just ended
            continue
        if folder_is_theirs and process.name != str(os.getpid()):
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_a_demo_that_fails_says_so_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    def run(folder: Path, env: dict[str, str]) -> None:
        raise PageError("/photos/ answered 500, not 200.")

    monkeypatch.setattr(demo, "run", run)
    monkeypatch.setattr(sys, "argv", ["demo", "--var", str(tmp_path)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert demo.main() == 1
    assert capsys.readouterr().err == "The demo failed: /photos/ answered 500, not 200.\n"


@pytest.mark.parametrize(
    ("change", "granted_micros", "complaint"),
    [
        ({}, 10_000, ""),
        ({}, 10_001, "The wallet does not balance: $0.010001 was granted"),
        ({"state": "ERROR"}, 10_000, "gfpgan ended ERROR, not DELIVERED. gfpgan brought nothing"),
        ({"charged_micros": 0}, 6_900, "gfpgan was quoted $0.0031 and charged $0.00."),
        ({"charged_micros": 4_000}, 10_900, "gfpgan was quoted $0.0031 and charged $0.004."),
        ({"held_micros": 1}, 10_000, "gfpgan has ended, yet $0.000001 is still held."),
    ],
)
def test_only_a_delivered_picture_and_balanced_books_are_a_success(
    change: dict[str, Any], granted_micros: int, complaint: str
):
    found = faults(
        [replace(GOOD, **change)],
        granted_micros=granted_micros,
        wallet=WalletPage(available_micros=6_900, held_micros=0),
    )
    assert " ".join(found).startswith(complaint)
    assert bool(found) == bool(complaint)


def test_a_folder_that_is_no_demos_is_left_alone(tmp_path: Path):
    (tmp_path / "family.jpg").touch()
    with (
        pytest.raises(demo.DemoError, match="holds something that is no demo's"),
        demo.fresh(tmp_path),
    ):
        pass
    assert (tmp_path / "family.jpg").exists()


def test_an_earlier_demo_is_cleared_away_and_two_at_a_time_refused(tmp_path: Path):
    (tmp_path / demo.MARK).touch()
    (tmp_path / "s3").mkdir()
    with demo.fresh(tmp_path):
        assert not list(tmp_path.iterdir())
        with pytest.raises(demo.DemoError, match="Another demo runs"), demo.fresh(tmp_path):
            pass


def test_a_form_sends_what_it_holds_and_what_a_person_enters():
    form = Form(parse(FORM).one("form"))
    assert form.filled({}) == {"click_key": ["k"], "who": ["B"], "model": ["2"], "why": ["words"]}
    entered = form.filled({"who": ["A"], "model": "One", "why": "because"})
    assert entered == {"click_key": ["k"], "who": ["A"], "model": ["1"], "why": ["because"]}


@pytest.mark.parametrize("change", [{"name": "x"}, {"who": ["C"]}, {"model": "3"}, {"off": "y"}])
def test_a_form_refuses_what_a_person_could_not_do(change: dict[str, str]):
    with pytest.raises(PageError):
        Form(parse(FORM).one("form")).filled(change)


def test_a_form_whose_button_is_off_is_not_sent():
    form = Form(parse(FORM.replace("<button>", "<button disabled>")).one("form"))
    with pytest.raises(PageError, match="its button is off"):
        form.filled({})


@pytest.mark.parametrize(
    ("words", "amount"), [("$1,234.50", 1_234_500_000), ("$0.002581", 2_581), ("$0.00", 0)]
)
def test_money_is_read_and_said_exactly(words: str, amount: int):
    assert micros(words) == amount
    assert dollars(amount) == words
