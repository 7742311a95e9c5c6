"""jobs.states: the table of moves, tried whole, and the one way to make a move."""

from __future__ import annotations

import itertools

import pytest

from jobs.models import JobEvent, RestorationJob
from jobs.moves import MoveLost, MoveNotAllowed, move
from jobs.states import ALLOWED_MOVES, TERMINAL, JobState
from tests.builders import make_job

pytestmark = pytest.mark.django_db

MATRIX = list(itertools.product(JobState, JobState))


def in_state(state: JobState) -> RestorationJob:
    job = make_job()
    RestorationJob.objects.filter(pk=job.pk).update(state=state)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize(("was", "to"), MATRIX, ids=[f"{was}-{to}" for was, to in MATRIX])
def test_a_move_is_made_exactly_when_the_table_has_it(was: JobState, to: JobState):
    job = in_state(was)
    events = job.events.count()
    if to in ALLOWED_MOVES[was]:
        move(job, to, by="test")
        assert (job.state, job.events.count()) == (to, events + 1)
    else:
        with pytest.raises(MoveNotAllowed):
            move(job, to, by="test")
        assert job.events.count() == events
    job.refresh_from_db()
    assert job.state == (to if to in ALLOWED_MOVES[was] else was)


def test_every_state_has_a_row_and_every_state_but_the_terminal_leads_somewhere():
    assert set(ALLOWED_MOVES) == set(JobState)
    assert {
        JobState.DELIVERED,
        JobState.FAILED,
        JobState.ERROR,
        JobState.REJECTED,
        JobState.CANCELLED,
    } == TERMINAL


def test_every_state_can_end():
    """No state from which no terminal state can be reached."""
    ending = set(TERMINAL)
    while grown := {s for s, onward in ALLOWED_MOVES.items() if onward & ending} - ending:
        ending |= grown
    assert ending == set(JobState)


def test_the_slower_of_two_movers_is_told_and_changes_nothing():
    job = in_state(JobState.QUEUED)
    stale = RestorationJob.objects.get(pk=job.pk)
    move(job, JobState.COMPLETED, by="callback")
    events = JobEvent.objects.count()
    with pytest.raises(MoveLost):
        move(stale, JobState.PROCESSING, by="observe")
    assert JobEvent.objects.count() == events
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED


def test_a_move_says_who_and_why_in_its_event():
    job = in_state(JobState.QUEUED)
    move(job, JobState.FAILED, by="callback", why="no face")
    event = job.events.last()
    assert event is not None
    assert (event.from_state, event.to_state, event.by, event.why) == (
        "QUEUED",
        "FAILED",
        "callback",
        "no face",
    )
