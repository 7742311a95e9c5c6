"""steps.intake: the row comes first, so what breaks off goes whole, within minutes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings

from jobs import storage
from jobs.models import Photo, PhotoState
from jobs.steps import intake
from tests.builders import make_member, run
from tests.fakes import png
from tests.jobs.steps.uploading import objects, receive, refusal, shown_to_members
from tests.jobs.world import Killed, Killer

pytestmark = pytest.mark.django_db


def minutes_pass(clock: time_machine.Traveller) -> None:
    """Workers take up what falls due, as long as an upload may take, and a lease."""
    for seconds in (settings.ARRIVAL_SECONDS + 1, settings.LEASE_SECONDS + 1):
        clock.shift(timedelta(seconds=seconds))
        run("erase")


Way = Callable[[Callable[[], None]], None]


@pytest.fixture
def storing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Way], None]:
    """Let an upload's way into the store be this, which is given the way as it was."""

    def let(way: Way) -> None:
        put = storage.put

        def instead(*args: Any, **options: Any) -> None:
            way(lambda: put(*args, **options))

        monkeypatch.setattr(storage, "put", instead)

    return let


def unsaid(put: Callable[[], None]) -> None:
    """Stored, and the answer is lost."""
    put()
    raise storage.StorageUnavailable("read timed out")


@pytest.mark.usefixtures("bucket")
def test_while_the_store_takes_it_a_row_stands_that_no_member_sees(storing: Any):
    seen = []

    def look(put: Callable[[], None]) -> None:
        seen.append((Photo.objects.get().state, shown_to_members()))
        put()
        seen.append((Photo.objects.get().state, shown_to_members()))

    storing(look)
    receive(png())
    assert seen == [(PhotoState.ARRIVING, False)] * 2
    assert shown_to_members()


@pytest.mark.usefixtures("bucket")
def test_a_store_whose_answer_was_lost_is_left_without_the_upload_too(
    storing: Any, clock: time_machine.Traveller
):
    storing(unsaid)
    assert "nothing was uploaded" in refusal(png())
    run("erase")
    assert objects() == []
    minutes_pass(clock)
    assert not Photo.objects.exists()


@pytest.mark.usefixtures("bucket")
def test_what_the_store_takes_after_we_gave_up_goes_with_the_second_look(
    storing: Any, clock: time_machine.Traveller
):
    late: list[Callable[[], None]] = []
    data = io.BytesIO(png())

    def give_up(put: Callable[[], None]) -> None:
        late.append(put)
        raise storage.StorageUnavailable("read timed out")

    storing(give_up)
    with pytest.raises(intake.StoreDown):
        intake.receive(owner=make_member(), file=data, name="x", byte_size=len(data.getvalue()))
    run("erase")
    late.pop()()
    assert objects()
    minutes_pass(clock)
    assert objects() == []
    assert not Photo.objects.exists()


@pytest.mark.usefixtures("bucket")
def test_a_store_that_is_down_when_it_should_be_erased_is_asked_again(
    storing: Any, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
):
    storing(unsaid)
    refusal(png())

    def down(prefix: str) -> int:
        raise storage.StorageUnavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "erase", down)
        run("erase")
    assert objects()
    minutes_pass(clock)
    minutes_pass(clock)
    assert (objects(), Photo.objects.count()) == ([], 0)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("is_erased_meanwhile", [False, True])
def test_an_upload_that_outlasts_its_time_is_refused_and_nothing_of_it_stays(
    storing: Any, clock: time_machine.Traveller, is_erased_meanwhile: bool
):
    def dawdle(put: Callable[[], None]) -> None:
        clock.shift(timedelta(seconds=settings.ARRIVAL_SECONDS + 1))
        run("erase")
        if is_erased_meanwhile:
            minutes_pass(clock)
        put()

    storing(dawdle)
    assert "nothing was uploaded" in refusal(png())
    assert not shown_to_members()
    minutes_pass(clock)
    assert (objects(), Photo.objects.count()) == ([], 0)


@pytest.mark.usefixtures("bucket")
def test_an_upload_has_all_its_time_and_is_not_erased_before(
    storing: Any, clock: time_machine.Traveller
):
    def take_long(put: Callable[[], None]) -> None:
        clock.shift(timedelta(seconds=settings.ARRIVAL_SECONDS - 1))
        assert run("erase") == 0
        put()

    storing(take_long)
    photo = receive(png())
    assert objects() == [photo.original_key]
    minutes_pass(clock)
    assert objects() == [photo.original_key]


def test_an_upload_has_longer_than_the_store_may_be_silent():
    config: Any = storage._upload_client().meta.config
    silences = config.connect_timeout + config.read_timeout
    assert 10 * silences < settings.ARRIVAL_SECONDS


@pytest.mark.usefixtures("bucket")
def test_killed_anywhere_it_is_a_photo_or_nothing_of_it_stays(
    storing: Any, clock: time_machine.Traveller
):
    killer = Killer()

    def between(put: Callable[[], None]) -> None:
        killer.point()
        put()
        killer.point()

    storing(between)
    ends: list[tuple[object, ...]] = []
    while len(ends) <= max(killer.passed, 1):
        with killer.at(len(ends) + 1), contextlib.suppress(Killed):
            receive(png())
        was_stored = bool(objects())
        minutes_pass(clock)
        ends.append((was_stored, *Photo.objects.values_list("state", flat=True)))
        assert objects() == [photo.original_key for photo in Photo.objects.all()]
        Photo.objects.all().delete()
        storage.erase("photos/")
    # Before the original, between it and the state, and after: a photo that only nobody was told.
    assert set(ends) == {(False,), (True,), (True, PhotoState.UPLOADED)}
    assert ends[-1] == (True, PhotoState.UPLOADED), "never got through unharmed"
