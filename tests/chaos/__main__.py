"""`make chaos`: hundreds of jobs against a misbehaving gateway while workers and stores are harmed.

A house of its own; a gateway that has every fault there is; workers killed with -9; Redis emptied,
killed and brought back with nothing; S3 that stops answering; members who stop and withdraw.
Then all harm ends, the house catches up, and everything is counted: jobs by final state, and what
must be nothing. Exit 1 if it isn't. The seed makes the harm's dice the same again; what runs when
is the machine's.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sandbox.gateway.faults import FAULTS, CdnFault, SubmitFault
from tests.chaos.house import House

if TYPE_CHECKING:
    from tests.chaos.members import Crowd

# Each of its kind as often as makes about half of all jobs meet something.
RATE = {SubmitFault: 0.02, CdnFault: 0.015}
OTHERS = 0.02
# These stop everything for a while, so seldom.
STOPPERS = {"payment_required": 0.015, "unauthorized": 0.01, "forbidden": 0.01}
WORKERS = 2
LOOK_EVERY_SECONDS = 0.5
ROUNDS = 40  # of harm, over which the orders come
HARM_PART = 0.6  # of the time; the rest is for catching up


def options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    env = os.environ.get
    parser.add_argument("--jobs", type=int, default=int(env("JOBS") or 300))
    parser.add_argument("--seconds", type=int, default=int(env("SECONDS") or 420))
    parser.add_argument("--seed", type=int, default=int(env("SEED") or random.randrange(10**6)))
    parser.add_argument("--harm", type=int, help="seconds of them; 60 percent, unless said")
    parser.add_argument("--members", type=int, default=6)
    parser.add_argument("--keep", type=Path, help="the folder to work in, which is kept")
    return parser.parse_args(argv)


def rates() -> str:
    """What the gateway does how often."""
    return ",".join(
        f"{name}={STOPPERS.get(name, RATE.get(type(fault), OTHERS))}"
        for name, fault in FAULTS.items()
    )


def run(chosen: argparse.Namespace, var: Path) -> bool:
    """Whether all that must be nothing is nothing."""
    dice = random.Random(chosen.seed)
    began = time.monotonic()
    with House(var, WORKERS).open(rates(), chosen.seed) as house:
        os.environ |= house.addresses.env | {"DJANGO_SETTINGS_MODULE": "restoration_site.settings"}
        import django

        django.setup()
        from tests.chaos import account, members

        said(began, f"the house stands; {chosen.jobs} jobs are ordered while it is harmed")
        crowd = members.Crowd(members=chosen.members, dice=dice)
        stands_since = time.monotonic()  # how long that took is the machine's
        harm_seconds = chosen.harm or chosen.seconds * HARM_PART
        harmed = harm(house, crowd, chosen.jobs, dice, until=stands_since + harm_seconds)
        said(began, f"all is well again, after {words(harmed)}")
        behave(house)
        members.catch_up(until=stands_since + chosen.seconds, look_every=LOOK_EVERY_SECONDS)
        said(began, "counting")
        found = account.of(house, crowd.ordered)
        print(f"\n{found.table}\n")
        print(f"Again: make chaos JOBS={chosen.jobs} SECONDS={chosen.seconds} SEED={chosen.seed}")
        return found.is_well and house.stands


def harm(
    house: House, crowd: Crowd, jobs: int, dice: random.Random, *, until: float
) -> dict[str, int]:
    """Orders, and one harm after another, until the time is over or nothing is left to harm."""
    from tests.chaos import members as people

    done: dict[str, int] = {}
    kinds: list[tuple[str, int, Callable[[], object]]] = [
        ("worker killed", 5, lambda: kill_a_worker(house, dice)),
        ("Redis emptied", 2, lambda: empty_redis(house)),
        ("Redis killed", 2, lambda: lose_redis(house, dice)),
        ("S3 silent", 1, lambda: pause_s3(house, dice)),
        ("member stopped waiting", 2, lambda: people.stop_one(dice)),
        ("member withdrew", 1, lambda: people.withdraw_one(dice)),
    ]
    while time.monotonic() < until and (len(crowd.ordered) < jobs or people.unfinished()):
        crowd.order(min(max(1, jobs // ROUNDS), jobs - len(crowd.ordered)))
        name, _, act = dice.choices(kinds, [weight for _, weight, _ in kinds])[0]
        act()
        done[name] = done.get(name, 0) + 1
        time.sleep(dice.uniform(0.3, 1.5))
        if not house.stands:
            raise SystemExit("The house fell: see stack.log")
    crowd.order(jobs - len(crowd.ordered))
    return done


def kill_a_worker(house: House, dice: random.Random) -> None:
    worker = dice.choice(house.workers)
    worker.kill()
    worker.start()


def empty_redis(house: House) -> None:
    import redis

    with suppress(redis.RedisError), redis.Redis.from_url(house.addresses.env["REDIS_URL"]) as one:
        one.flushall()


def lose_redis(house: House, dice: random.Random) -> None:
    house.redis.kill()
    time.sleep(dice.uniform(0.2, 2))
    house.restart_redis(empty=dice.random() < 0.5)


def pause_s3(house: House, dice: random.Random) -> None:
    house.s3.pause()
    time.sleep(dice.uniform(0.5, 3))
    house.s3.go_on()


def behave(house: House) -> None:
    """The gateway, from here on; what it did to earlier requests stands."""
    answer = httpx.post(
        f"{house.addresses.gateway}faults", json={"rates": {}}, trust_env=False, timeout=30
    )
    answer.raise_for_status()


def said(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)


def words(harmed: dict[str, int]) -> str:
    return ", ".join(f"{name} {times}×" for name, times in sorted(harmed.items())) or "no harm"


def main() -> int:
    chosen = options(sys.argv[1:])
    print(f"Chaos: {chosen.jobs} jobs, {chosen.seconds} seconds, seed {chosen.seed}", flush=True)
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        return 0 if run(chosen, chosen.keep.resolve()) else 1
    with tempfile.TemporaryDirectory(prefix="heirloom-chaos-", ignore_cleanup_errors=True) as var:
        return 0 if run(chosen, Path(var)) else 1


if __name__ == "__main__":
    sys.exit(main())
