"""The launcher's small pieces: ports, secrets, finding a browser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.stack import browser, credentials, ports
from sandbox.stack.errors import StackError
from sandbox.stack.running import ROOT


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.loopback
def test_a_taken_port_is_one_sentence_with_the_way_out(taken_port: int):
    with pytest.raises(StackError) as caught:
        ports.require("PORT", str(taken_port))
    assert str(caught.value) == (
        f"Port {taken_port} on 127.0.0.1 is already in use: stop what runs there, "
        "or choose another with PORT=…"
    )


@pytest.mark.parametrize("value", ["eighty", "0", "65536", "-1"])
def test_what_is_no_port_is_named(value: str):
    with pytest.raises(StackError, match=f"MAIL_PORT must be a port number .*{value}"):
        ports.require("MAIL_PORT", value)


@pytest.mark.loopback
def test_picked_ports_differ_and_are_free():
    taken: set[int] = set()
    picked = [ports.pick(taken=taken) for _ in range(20)]
    assert len(set(picked)) == 20
    assert all(ports.is_free(port) for port in picked)


@pytest.mark.processes
def test_a_port_that_one_house_picked_is_not_picked_by_another():
    port = ports.pick(taken=set())
    ask = f"from sandbox.stack import ports; print(ports.claim({port}), ports.is_free({port}))"
    answer = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert answer.stdout.split() == ["False", "True"]


@pytest.mark.loopback
def test_a_second_start_has_the_ports_of_the_first_unless_they_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "ports.json"
    first = ports.Remembered(file)
    s3, redis = first.pick("S3_PORT"), first.pick("REDIS_PORT")
    monkeypatch.setattr(ports, "claim", lambda port: True)  # the first house has gone
    assert ports.Remembered(file).pick("S3_PORT") == s3
    monkeypatch.setattr(ports, "claim", lambda port: port != redis)  # another house came
    assert ports.Remembered(file).pick("REDIS_PORT") != redis


def test_credentials_are_made_once_and_for_this_user_alone(tmp_path: Path):
    first = credentials.load(tmp_path)
    assert credentials.load(tmp_path) == first
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600
    assert len(first["SECRET_KEY"]) >= 50


def test_a_file_of_an_earlier_version_keeps_its_secrets_and_gets_what_it_lacks(tmp_path: Path):
    first = credentials.load(tmp_path)
    file = tmp_path / "credentials.json"
    kept = {name: first[name] for name in credentials.FIRST}
    file.write_text(json.dumps(kept))
    second = credentials.load(tmp_path)
    assert {name: second[name] for name in kept} == kept
    assert set(second) == set(first)
    assert credentials.load(tmp_path) == second
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_houses_share_no_credential(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = credentials.load(tmp_path / "a"), credentials.load(tmp_path / "b")
    assert all(one[name] != other[name] for name in one)


@pytest.mark.parametrize("content", ["", "[]", '{"SECRET_KEY": "x"}'])
def test_spoilt_credentials_are_one_sentence(tmp_path: Path, content: str):
    (tmp_path / "credentials.json").write_text(content)
    with pytest.raises(StackError, match=r"credentials\.json can't be read"):
        credentials.load(tmp_path)


def test_the_named_browser_is_the_one(tmp_path: Path):
    program = tmp_path / "chromium"
    program.touch(mode=0o755)
    assert browser.find({"CHROMIUM": str(program)}) == program


def test_a_named_browser_that_is_not_there_is_not_replaced_by_another(tmp_path: Path):
    assert browser.find({"CHROMIUM": str(tmp_path / "none")}) is None
