"""A worker killed at any point of submit, observe, settle or collect: the same end as no kill.

Each step is cut at its first point, its second, and so on until none is left (`world.Killer`).
Fresh workers then go on, and the vendor, whose callback got no answer, calls again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from tests.jobs.world import World

pytestmark = pytest.mark.django_db


def submit(world: World, point: int) -> None:
    world.work("submit", killed_at=point)


def observe(world: World, point: int) -> None:
    """The callback is lost: the poll learns that it is done."""
    world.work("submit")
    world.vendor.finish()
    world.wait_until_due()
    world.work("observe", killed_at=point)


def observe_failure(world: World, point: int) -> None:
    """The poll learns that it failed: abandoned in the same step."""
    world.work("submit")
    world.vendor.finish("ERROR")
    world.wait_until_due()
    world.work("observe", killed_at=point)


def settle(world: World, point: int) -> None:
    """The site dies over the callback."""
    world.work("submit")
    request = world.vendor.finish()
    with world.killer.at(point):
        world.call_back(request)


def settle_early(world: World, point: int) -> None:
    """The callback comes before the answer to the submission was recorded."""
    world.stall("submit")
    request = world.vendor.finish()
    with world.killer.at(point):
        world.call_back(request)
    world.go_on()


def collect(world: World, point: int) -> None:
    world.work("submit")
    world.call_back(world.vendor.finish())
    world.work("collect", killed_at=point)


def collect_nothing(world: World, point: int) -> None:
    """The vendor says now that it failed: refunded in the same step."""
    world.work("submit")
    world.call_back(world.vendor.finish())
    world.vendor.finish("FAILED")
    world.work("collect", killed_at=point)


def give_up(world: World, point: int) -> None:
    """Nobody can tell whether it was accepted, and the time is up: sent once more."""
    world.behave(submit="reset")
    world.work("submit")
    world.wait(settings.UNKNOWN_DEADLINE_SECONDS + 1)
    world.work("observe", killed_at=point)


def end_of(world: World) -> tuple[Any, ...]:
    """All that must be the same: state, money, purchases and the picture."""
    world.check()
    names = sorted(key.rpartition("/")[2] for key in world.shelf.objects)
    pictures = [name.replace(str(world.job_id), "job") for name in names]
    return *world.summary(), len(world.vendor.requests), pictures


def ends_of(
    step: Callable[[World, int], None], make: Callable[[], World], **calm: Any
) -> list[tuple[Any, ...]]:
    """How it ends without a kill, then killed at the first point, the second, and so on."""
    ends: list[tuple[Any, ...]] = []
    points = 0
    while len(ends) <= points:
        world = make()
        step(world, len(ends))
        points = max(points, world.killer.passed)
        world.check()
        world.calm(**calm)
        ends.append(end_of(world))
    return ends


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (submit, "DELIVERED"),
        (observe, "DELIVERED"),
        (observe_failure, "ERROR"),
        (settle, "DELIVERED"),
        (settle_early, "DELIVERED"),
        (give_up, "DELIVERED"),
        (collect, "DELIVERED"),
        (collect_nothing, "ERROR"),
    ],
)
def test_killed_anywhere_it_ends_as_without_a_kill(
    step: Callable[[World, int], None],
    state: str,
    make_world: Callable[[], World],
):
    unharmed, *harmed = ends_of(step, make_world)
    assert len(harmed) >= 6, "hardly a point was found to kill at"
    assert [end for end in harmed if end != unharmed] == []
    assert unharmed[0] == state


def test_only_what_was_sent_and_never_heard_of_again_is_bought_twice(
    make_world: Callable[[], World],
):
    ends = ends_of(submit, make_world, calls_back=False)
    assert {(state, charged > 0, held) for state, charged, held, *_ in ends} == {
        ("DELIVERED", True, 0)
    }
    bought = [times for *_, times, _ in ends]
    # Between the vendor's yes and our note of it. Before, nothing was bought; after, it is known.
    assert set("".join(map(str, bought)).strip("1")) == {"2"}


@pytest.mark.parametrize("is_given_up", [False, True])
def test_a_worker_that_was_given_up_still_tells_that_the_vendor_took_it(
    make_world: Callable[[], World], is_given_up: bool
):
    """It stood still past its lease; then it is asked for, and not bought a second time."""
    world = make_world()
    world.stall("submit")
    world.wait(settings.LEASE_SECONDS + 1)
    if is_given_up:
        world.work("submit")
        world.go_on()
    else:
        world.go_on()
        world.work("submit")
    world.wait(settings.UNKNOWN_DEADLINE_SECONDS + 1)
    world.work("observe")
    assert world.job.state == "QUEUED"
    world.behave(status="500")
    world.wait(settings.UNKNOWN_DEADLINE_SECONDS + 1)
    world.work("observe")
    world.calm(calls_back=False)
    assert end_of(world)[:4] == ("DELIVERED", world.price, 0, 1)
