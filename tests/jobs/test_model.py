"""One job under whatever order of events Hypothesis thinks of, against a ten-line reference.

The vendor's answers of every kind, callbacks true, doubled, forged and lying, polls, workers that
die or stand still, a withdrawal, a cancellation, S3 down, and the clock. The reference knows no
attempt, no lease and no retry: only that the first word that ends a job counts. After every event
state and ledger agree with it; when the world has calmed down the job has ended, as the reference
says, with nothing set aside, and the member has been told.

`make model EXAMPLES=2000` looks deeper than the suite does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs import consent_proof
from jobs.models import Attempt, Delivery
from jobs.states import TERMINAL, JobState
from jobs.steps import consent, intervene, stop
from jobs.steps.intervene import Deed
from tests.builders import make_member
from tests.fakes import Request
from tests.jobs.world import World, report

STEPS = 15

# What the vendor does with a submission: took it or not, and how that was answered.
SUBMITS = (
    "accept", "accept, reset", "accept, silence", "accept, 500", "accept, html",
    "no connection", "refuse, reset", "refuse, 500", "refuse, html",
    "refuse, 400", "refuse, 401", "refuse, 402", "refuse, 429",
)  # fmt: skip
STATUSES = (
    "truth",
    "reset",
    "html",
    "no picture",
    "FAILED",
    "PROCESSING",
    "401",
    "404",
    "429",
    "500",
)
OUTPUTS = ("picture", "reset", "html", "404", "500")
PAUSES = (1, 9, 30, 121, 700, 3601)
KILLS = st.one_of(st.just(0), st.just(0), st.integers(1, 12))
# All is well as often as not, or nothing would ever get far.
DAY = st.fixed_dictionaries(
    {
        "submit": st.one_of(st.just("accept"), st.sampled_from(SUBMITS)),
        "status": st.one_of(st.just("truth"), st.sampled_from(STATUSES)),
        "output": st.one_of(st.just("picture"), st.sampled_from(OUTPUTS)),
        "store_is_down": st.sampled_from((False, False, False, True)),
        "kill": KILLS,
    }
)
STARTS = ("READY", "SUBMITTING", "REFUSED", "UNKNOWN", "SENT AGAIN", "QUEUED", "COMPLETED")
ANY = st.integers(0, 9)
SELDOM = st.integers(0, 3)  # 0 only: little happens after it
WORDS = ("QUEUED", "PROCESSING", "COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "ERROR")


class Reference:
    """What must come of a job, from the words that reached the house, in their order."""

    def __init__(self) -> None:
        self.state = "OPEN"

    def hears(self, word: str) -> None:
        onward = {"OPEN": ("COMPLETED", "FAILED", "ERROR"), "COMPLETED": ("DELIVERED",)}
        if word in onward.get(self.state, ()):
            self.state = word
        elif self.state in onward and word in ("CANCELLED", "GAVE UP"):
            self.state = "ERROR" if word == "GAVE UP" else word

    @property
    def is_paid(self) -> bool:
        return self.state in ("COMPLETED", "DELIVERED")


def while_it_is(*states: str) -> Any:
    """Elsewhere the rule would find nothing to do."""
    return precondition(lambda machine: machine.state in states)


class JobMachine(RuleBasedStateMachine):
    """Each rule does a thing to the world, and tells the reference what the house has heard."""

    make_world: Callable[[], World]
    state = "READY"

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: str) -> None:
        self._outer = transaction.atomic()
        self._outer.__enter__()
        self.world = self.make_world()
        self.clerk = make_member(micros=0, is_staff=True)
        self.reference = Reference()
        self.answers: list[str] = []  # how each submission was answered
        self.come_to(start)

    def come_to(self, start: str) -> None:
        """Where the example begins: from READY alone, few would ever come far."""
        well: dict[str, Any] = {"status": "truth", "kill": 0}
        match start:
            case "SUBMITTING":
                self.a_worker_stands_still(how="accept")
            case "REFUSED":
                self.work(submit="refuse, 429", **well)
            case "UNKNOWN" | "SENT AGAIN":
                self.work(submit="accept, reset", **well)
            case "QUEUED" | "COMPLETED":
                self.work(submit="accept", **well)
        if start == "SENT AGAIN":
            self.world.wait(settings.UNKNOWN_DEADLINE_SECONDS + 1)
            self.work(submit="accept", **well)
            self.work(submit="accept", **well)
        if start == "COMPLETED":
            request = self.world.vendor.finish()
            self.call_back(request, request.request_id, "COMPLETED")

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.all_is_well_again()
        finally:
            transaction.set_rollback(True)
            self._outer.__exit__(None, None, None)

    # --- Workers ------------------------------------------------------------------------------
    @rule(days=st.lists(DAY, min_size=1, max_size=3))
    def workers_work(self, days: list[dict[str, Any]]) -> None:
        """Each time at the moment at which something is due, on whatever that is."""
        for day in days:
            self.work(**day)

    def work(self, *, kill: int, **behaviour: Any) -> None:
        before = len(self.world.vendor.submissions)
        self.world.behave(**behaviour)
        self.world.wait_until_due()
        for step in ("submit", "observe", "collect"):
            self.world.work(step, killed_at=kill)
            if len(self.world.vendor.submissions) > before:
                self.answers.append(behaviour["submit"])
                before += 1
            self.look(polled=behaviour["status"])

    @while_it_is(*TERMINAL)
    @rule(step=st.sampled_from(("tell", "erase")), kill=KILLS)
    def tell_or_erase(self, step: str, kill: int) -> None:
        self.world.work(step, killed_at=kill)

    @while_it_is("READY", "UNKNOWN", "QUEUED", "PROCESSING", "COMPLETED")
    @rule(how=st.one_of(st.just("accept"), st.sampled_from(SUBMITS)))
    def a_worker_stands_still(self, how: str) -> None:
        step = {"READY": "submit", "COMPLETED": "collect"}.get(self.state, "observe")
        self.world.wait_until_due()
        before = len(self.world.vendor.submissions)
        self.world.behave(submit=how)
        self.world.stall(step)
        if len(self.world.vendor.submissions) > before:
            self.answers.append(how)
        self.look()

    @precondition(lambda self: self.world.stalled)
    @rule()
    def it_goes_on(self) -> None:
        self.world.go_on()
        self.look(polled="truth")

    # --- The vendor ---------------------------------------------------------------------------
    @precondition(lambda self: self.world.vendor.requests)
    @rule(which=ANY, status=st.sampled_from(WORDS))
    def the_vendor_works(self, which: int, status: str) -> None:
        request = self.request(which)
        if request.status in ("QUEUED", "PROCESSING"):
            request.status = status

    @precondition(lambda self: self.world.vendor.requests)
    @rule(which=ANY, times=st.integers(1, 2), kill=KILLS)
    def it_calls_back(self, which: int, times: int, kill: int) -> None:
        request = self.request(which)
        for _ in range(times):
            self.call_back(request, request.request_id, request.status, kill=kill)
            kill = 0

    @precondition(lambda self: self.world.vendor.submissions)
    @rule(which=ANY, status=st.sampled_from(WORDS), is_another=st.booleans())
    def it_lies(self, which: int, status: str, is_another: bool) -> None:
        """To an address that we gave, whether it took that request or not."""
        submissions = self.world.vendor.submissions
        sent = submissions[which % len(submissions)]
        address = sent.headers["X-Webhook-URL"]
        took = [r for r in self.world.vendor.requests if r.callback_url == address]
        request_id = "gfpgan_another" if is_another or not took else took[0].request_id
        self.call_back(Request(request_id, {}, address), request_id, status)

    @precondition(lambda self: self.world.vendor.requests)
    @rule(which=ANY, body=st.sampled_from((b"", b"{", b"[]", b'{"status": "COMPLETED"}', b"\xff")))
    def it_stammers_and_a_stranger_calls(self, which: int, body: bytes) -> None:
        request = self.request(which)
        assert self.world.call_back(request, body=body) < 500
        completed = report(request.request_id, "COMPLETED")
        assert self.world.call_back(request, body=completed, token="f" * 43) == 404
        self.look()

    # --- People, and time ---------------------------------------------------------------------
    @rule(dice=SELDOM)
    def she_stops_waiting(self, dice: int) -> None:
        if dice:
            return
        job = self.world.job
        try:
            stop.stop(job=job, by=job.owner)
        except stop.CannotStop:
            return
        self.reference.hears("CANCELLED")
        self.look()

    @rule(dice=SELDOM)
    def she_withdraws(self, dice: int) -> None:
        if dice:
            return
        photo = self.world.photo
        consent.withdraw(photo=photo, by=photo.owner)
        self.world.consent_is_live = False
        self.reference.hears("CANCELLED")
        self.look()

    @rule(deed=st.sampled_from(Deed), dice=SELDOM)
    def staff_press_a_button(self, deed: Deed, dice: int) -> None:
        if dice and deed == Deed.END:
            return
        job = self.world.job
        try:
            intervene.do(
                deed,
                job=job,
                seen_state=job.state,
                by=self.clerk,
                reason="because",
                now=timezone.now(),
            )
        except intervene.CannotIntervene:
            return
        if deed == Deed.END:
            self.reference.hears("GAVE UP")
        self.look()

    @rule(which=ANY)
    def staff_replay_a_callback(self, which: int) -> None:
        kept = list(Delivery.objects.filter(attempt__job=self.world.job_id, replay_of=None))
        if not kept:
            return
        delivery = kept[which % len(kept)]
        assert delivery.attempt is not None
        try:
            said = json.loads(delivery.body)
            request_id, status = str(said["request_id"]), str(said["status"])
        except (ValueError, TypeError, KeyError):
            request_id = status = ""
        counts = self.counts(delivery.attempt, request_id, status)
        try:
            intervene.replay(delivery=delivery, by=self.clerk, reason="because")
        except intervene.CannotIntervene:
            return
        if counts:
            self.reference.hears(status)
        self.look()

    @rule(seconds=st.sampled_from(PAUSES))
    def time_passes(self, seconds: int) -> None:
        self.world.wait(seconds)

    # --- What the house has heard -------------------------------------------------------------
    def request(self, which: int) -> Request:
        requests = self.world.vendor.requests
        return requests[which % len(requests)]

    def call_back(self, request: Request, request_id: str, status: str, *, kill: int = 0) -> None:
        """The reference hears it only if the house did: it answered, and knows the request."""
        attempt = self.attempt_at(request.callback_url)
        counts = attempt is not None and self.counts(attempt, request_id, status)
        with self.world.killer.at(kill):
            answer = self.world.call_back(request, body=report(request_id, status))
        assert answer in (0, 200), f"the vendor was told {answer}"
        if answer == 200 and counts:
            self.reference.hears(status)
        self.look()

    def counts(self, attempt: Attempt, request_id: str, status: str) -> bool:
        """Whether this is a word about the attempt that matters: a completed one always does."""
        knows = attempt.request_id == request_id or (
            attempt.request_id is None
            and not Attempt.objects.filter(request_id=request_id).exists()
        )
        newest = self.world.job.attempts.order_by("-number").first()
        return knows and (attempt == newest or status == "COMPLETED")

    def attempt_at(self, address: str) -> Attempt | None:
        token = address.rstrip("/").rpartition("/")[2]
        return Attempt.objects.filter(token_sha256=Attempt.hash_token(token)).first()

    def look(self, *, polled: str = "") -> None:
        """What the house decided by itself, each with a reason that the world can confirm."""
        job = self.world.job
        if job.state == self.reference.state or self.reference.state in TERMINAL:
            return
        if (
            polled
            and job.state in ("COMPLETED", "FAILED", "ERROR")
            and self.was_said(job.state, polled)
        ):
            self.reference.hears(job.state)
        if job.state == "DELIVERED":
            self.reference.hears("DELIVERED")
        elif job.state == "ERROR" and self.reference.state != "ERROR":
            assert self.has_reason(job.failure_code), f"gave up: {job.failure_code}"
            self.reference.hears("GAVE UP")
        elif job.state == "CANCELLED":
            assert not self.world.consent_is_live

    def was_said(self, state: str, how: str) -> bool:
        """Whether a poll brought this word."""
        if how == "truth":
            return any(request.status == state for request in self.world.vendor.requests)
        return state == {"no picture": "COMPLETED", "FAILED": "FAILED"}.get(how, "")

    def has_reason(self, code: str) -> bool:
        job = self.world.job
        match code:
            case "vendor_refused":
                return "refuse, 400" in self.answers
            case "vendor_unreachable":
                return len(self.answers) >= settings.STEP_MOST_TRIES
            case "no_answer":
                waited = timezone.now() - (job.submitted_at or timezone.now())
                return waited >= timedelta(seconds=settings.UNKNOWN_DEADLINE_SECONDS)
            case "result_lost":
                return self.reference.state == "COMPLETED"
        return False

    @invariant()
    def state_and_money_are_the_references(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.check()
        job = self.world.job
        self.state = job.state
        ours = job.state if job.state in {*TERMINAL, JobState.COMPLETED} else "OPEN"
        assert ours == self.reference.state
        assert (self.world.money.charged > 0) == self.reference.is_paid

    def all_is_well_again(self) -> None:
        """Whatever was going on: it ends, as the last words say, and nothing is left over."""
        before = self.reference.state
        self.world.calm(after_each=lambda: self.look(polled="truth"))
        self.world.check()
        job = self.world.job
        assert job.state in TERMINAL
        assert before in ("OPEN", "COMPLETED", job.state)
        assert (job.lease_token, job.due_at) == (None, None)
        assert self.world.money.open == 0
        assert consent_proof.findings(timezone.now())[0] == []


def run_machine(
    make_world: Callable[[], World],
    *,
    examples: int,
    phases: Collection[Phase],
    derandomize: bool = True,
) -> None:
    machine = type("Machine", (JobMachine,), {"make_world": staticmethod(make_world)})
    run_state_machine_as_test(
        machine,
        settings=hypothesis(
            max_examples=examples,
            stateful_step_count=STEPS,
            phases=phases,
            report_multiple_bugs=False,
            deadline=None,
            database=None,
            derandomize=derandomize,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_no_order_of_events_loses_doubles_or_strands_a_job(make_world: Callable[[], World]):
    """What it finds is not made shorter: that takes long, and each rule is printed as it is."""
    run_machine(
        make_world,
        examples=int(os.environ.get("EXAMPLES") or 30),
        phases=[Phase.generate],
        derandomize="EXAMPLES" not in os.environ,
    )


def hunt(make_world: Callable[[], World]) -> None:
    """The same, for longer."""
    run_machine(make_world, examples=100, phases=[Phase.generate])
