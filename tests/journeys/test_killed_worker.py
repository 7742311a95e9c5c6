"""A worker that is killed in the middle of its work costs nobody anything but a little time."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis
from rq import Worker

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses
from tests.journeys import pictures

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
WORKER = [sys.executable, "manage.py", "worker"]  # for all queues


@dataclass
class Victim:
    """A worker that gets all the work while the house's own stand still."""

    process: subprocess.Popen[bytes]
    own: set[int]

    def die(self) -> None:
        """kill -9; the house's own workers go on."""
        self.process.kill()
        self.process.wait()
        for pid in self.own:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def victim(house: Addresses) -> Iterator[Victim]:
    """(The house's own workers can't be killed: the launcher would, rightly, end everything.)"""
    with closing(redis.Redis.from_url(house.env["REDIS_URL"])) as doorbells:
        own = living_workers(doorbells)
        assert len(own) == 2, "one for each queue"
        for pid in own:
            os.kill(pid, signal.SIGSTOP)
        process = None
        try:
            # They still stand in line for the next doorbell, and get it, but can't answer it.
            doorbells.lpush("rq:queue:heavy", "nothing")  # which is seldom rung for by the clock
            journey.eventually(
                lambda: not anybody_waits(doorbells), "No doorbell was rung", seconds=20
            )
            process = subprocess.Popen(
                WORKER,
                cwd=ROOT,
                env=house.env,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            journey.eventually(
                lambda: process.pid in living_workers(doorbells), "No second worker came"
            )
            yield Victim(process, own)
        finally:
            for pid in own:
                os.kill(pid, signal.SIGCONT)
            if process is not None:
                process.kill()
                process.wait()


def living_workers(doorbells: redis.Redis) -> set[int]:
    """By RQ's own registry, which remembers the dead for a while."""
    return {
        worker.pid
        for worker in Worker.all(connection=doorbells)
        if worker.pid and Path(f"/proc/{worker.pid}").exists()
    }


def anybody_waits(doorbells: redis.Redis) -> bool:
    """Some worker stands in line for the next doorbell of this house."""
    number = str(doorbells.get_connection_kwargs().get("db", 0))
    return any(
        "b" in client["flags"] and client["db"] == number for client in doorbells.client_list()
    )


def seen_by(gateway: httpx.Client, kind: str) -> int:
    return len(gateway.get("requests", params={"kind": kind}).json()["log"])


def billed_by(gateway: httpx.Client) -> int:
    return int(gateway.get("billing").json()["billed_requests"])


@pytest.fixture
def photo(member: Visitor) -> str:
    picture = (pictures.SAMPLES / "grace-hopper-damaged.jpg").read_bytes()
    other_bytes = secrets.token_bytes(8)  # behind the picture: the same file is not taken twice
    photo = journey.upload(member, ("gran.jpg", picture + other_bytes, "image/jpeg"))
    journey.give_consent(member, photo, depicted=["DECEASED"])
    journey.prepared(member, photo)
    return photo


def test_killed_between_sending_and_the_answer_the_job_is_sent_and_charged_once(
    member: Visitor, photo: str, gateway: httpx.Client, victim: Victim
):
    wallet, bills, answers = journey.wallet(member), billed_by(gateway), seen_by(gateway, "submit")
    fetched = seen_by(gateway, "input_fetch")
    # The gateway answers 202 only when the picture is done, which it is once it's no longer held.
    early = {"held": True, "next": [{"fault": "callback_early"}]}
    gateway.post("faults", json=early).raise_for_status()
    card = journey.order(member, photo, "codeformer")
    journey.eventually(
        lambda: seen_by(gateway, "input_fetch") > fetched, "The gateway got no picture"
    )
    assert seen_by(gateway, "submit") == answers
    victim.die()
    gateway.post("faults", json={"held": False}).raise_for_status()

    card = journey.ended(member, card)

    assert (card.state, card.charged_micros) == ("DELIVERED", card.quoted_micros)
    spent = wallet.available_micros - journey.wallet(member).available_micros
    assert spent == card.quoted_micros
    assert billed_by(gateway) - bills == 1


def test_killed_while_fetching_the_result_the_job_is_delivered_and_charged_once(
    member: Visitor, photo: str, gateway: httpx.Client, victim: Victim
):
    wallet, bills, fetches = journey.wallet(member), billed_by(gateway), seen_by(gateway, "cdn")
    slow = {"slow_seconds": 50, "next": [{"fault": "cdn_slow"}]}
    gateway.post("faults", json=slow).raise_for_status()
    card = journey.order(member, photo, "gfpgan")
    journey.eventually(lambda: seen_by(gateway, "cdn") > fetches, "The result was not fetched")
    assert journey.look_again(member, card).state == "COMPLETED"
    gateway.post("faults", json={"slow_seconds": 0}).raise_for_status()
    victim.die()

    card = journey.ended(member, card)

    assert (card.state, card.charged_micros) == ("DELIVERED", card.quoted_micros)
    spent = wallet.available_micros - journey.wallet(member).available_micros
    assert spent == card.quoted_micros
    assert billed_by(gateway) - bills == 1


def test_the_books_balance_whatever_was_killed(house: Addresses):
    check = subprocess.run(
        [sys.executable, "manage.py", "check_ledger"],
        cwd=ROOT,
        env=house.env,
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stderr
