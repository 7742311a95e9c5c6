"""One job in a hostile world: a vendor that answers in every way, a clock, and workers that die.

The world drives the real steps, the real views and the real clients; only the vendor's end of the
wire, S3 and the time are its own. It also keeps the facts that a test compares with: what the
vendor took (and so bills), and whether consent was live whenever something was sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import httpx
import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import books, ledger
from accounts.ledger import HoldBalance
from jobs import pipeline, storage
from jobs.models import Attempt, Breaker, Photo, PhotoState, RestorationJob
from jobs.states import TERMINAL, JobState
from tests.builders import make_job, make_member, make_photo
from tests.fakes import CDN, FakeVendor, Request

START = datetime.fromisoformat("2026-05-22T13:00:00+00:00")
WRITES = ("INSERT", "UPDATE", "DELETE")


class Killed(BaseException):
    """kill -9: nothing of ours catches it."""


class Killer:
    """Ends a worker at its n-th point: before a write, after a commit, before and after each call.

    (Between two reads a kill does what it does before the first.) What was not committed is undone,
    as the database does for a connection that is gone; what was committed stands.
    """

    def __init__(self) -> None:
        self.passed = self._at = 0
        self._dead = self._committed = False

    @contextmanager
    def at(self, point: int) -> Iterator[None]:
        """0 counts the points and kills nobody."""
        self.passed, self._at = 0, point
        self._dead = self._committed = False
        try:
            with connection.execute_wrapper(self._statement):
                yield
        finally:
            self._at, self._dead = 0, False

    def point(self) -> None:
        self.passed += 1
        if self._dead or self.passed == self._at:
            self._dead = True
            raise Killed

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        ends = sql.startswith(("RELEASE", "ROLLBACK"))
        if not ends and (self._dead or self._committed or sql.startswith(WRITES)):
            self.point()
        self._committed = ends
        return execute(sql, params, many, context)


class Shelf:
    """S3 in a dictionary; `is_down` is the store that does not answer."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.is_down = False

    def put(self, key: str, file: BinaryIO, *, content_type: str, in_a_hurry: bool = False) -> None:
        self._ask()
        self.objects[key] = file.read()

    def keys_under(self, prefix: str) -> list[str]:
        self._ask()
        return [key for key in self.objects if key.startswith(prefix)]

    def delete(self, *keys: str, in_a_hurry: bool = False) -> None:
        self._ask()
        for key in keys:
            self.objects.pop(key, None)

    def erase(self, prefix: str) -> int:
        keys = self.keys_under(prefix)
        self.delete(*keys)
        return len(keys)

    def _ask(self) -> None:
        if self.is_down:
            raise storage.StorageUnavailable("the store does not answer")


@contextmanager
def worlds(vendor: FakeVendor) -> Iterator[Callable[[], World]]:
    """Time stands still until somebody moves it; each call makes a new world."""
    shelf = Shelf()
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(START, tick=False) as clock:
        for name in ("put", "keys_under", "delete", "erase"):
            patch.setattr(storage, name, getattr(shelf, name))
        yield lambda: World(vendor, shelf, clock)


@dataclass
class World:
    """`killer` ends whoever works under `killed_at`; `unanswered` are the callbacks that the vendor
    sends again."""

    vendor: FakeVendor
    shelf: Shelf
    clock: time_machine.Traveller
    killer: Killer = field(default_factory=Killer)
    consent_is_live: bool = True
    sent_without_consent: int = 0
    stalled: list[tuple[Any, Any, Any]] = field(default_factory=list)
    unanswered: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vendor.requests.clear()
        self.vendor.submissions.clear()
        self.vendor.status_requests.clear()
        self.shelf.objects.clear()
        self.behave()
        self.job_id = make_job(photo=make_photo(owner=make_member(micros=20_000))).pk
        self.price = self.job.quoted_micros
        self.shelf.objects[self.photo.prepared_key] = b"prepared"

    @property
    def job(self) -> RestorationJob:
        return RestorationJob.objects.select_related("photo", "hold", "owner").get(pk=self.job_id)

    @property
    def photo(self) -> Photo:
        return self.job.photo

    @property
    def money(self) -> HoldBalance:
        hold = self.job.hold
        assert hold is not None
        return ledger.balance_of(hold)

    # --- The vendor ---------------------------------------------------------------------------
    def behave(
        self,
        *,
        submit: str = "accept",
        status: str = "truth",
        output: str = "picture",
        store_is_down: bool = False,
    ) -> None:
        """How the vendor and the store answer from now on."""
        self.vendor.on_submit = lambda request: self._submit(request, submit)
        self.vendor.on_status = lambda request: self._status(request, status)
        self.vendor.on_output = lambda request: self._output(output)
        self.shelf.is_down = store_is_down

    def _submit(self, request: httpx.Request, how: str) -> httpx.Response:
        self.sent_without_consent += not self.consent_is_live
        self.killer.point()
        if how == "no connection":
            raise httpx.ConnectError("refused")
        took, _, answer = how.partition(", ")
        accepted = self.vendor.accept(request) if took == "accept" else None
        self.killer.point()
        if accepted is not None and not answer:
            return httpx.Response(202, json={"request_id": accepted.request_id, "status": "QUEUED"})
        match answer or took:
            case "reset":
                raise httpx.ReadError("reset")
            case "silence":
                raise httpx.ReadTimeout("silence")
            case "html":
                return httpx.Response(200, text="<h1>Please wait</h1>")
            case "429":
                return httpx.Response(429, headers={"Retry-After": "20"}, json={"error": "slow"})
            case status:
                return httpx.Response(int(status), json={"error": "no"})

    def _status(self, request: httpx.Request, how: str) -> httpx.Response:
        self.killer.point()
        request_id = request.url.path.rpartition("/")[2]
        known = next((r for r in self.vendor.requests if r.request_id == request_id), None)
        match how:
            case "reset":
                raise httpx.ReadError("reset")
            case "html":
                return httpx.Response(200, text="<h1>Please wait</h1>")
            case "truth" if known is None:
                return httpx.Response(404, json={"error": "Not found"})
            case "truth":
                assert known is not None
                return httpx.Response(200, json=known.report())
            case "no picture":
                report = {"request_id": request_id, "status": "COMPLETED", "output": None}
                return httpx.Response(200, json=report)
            case "FAILED" | "PROCESSING":
                return httpx.Response(200, json={"request_id": request_id, "status": how})
            case status:
                return httpx.Response(int(status), json={"error": "no"})

    def _output(self, how: str) -> httpx.Response:
        self.killer.point()
        match how:
            case "picture":
                return httpx.Response(200, content=self.vendor.output)
            case "reset":
                raise httpx.ReadError("reset")
            case "html":
                return httpx.Response(200, text="<h1>Please wait</h1>")
            case status:
                return httpx.Response(int(status))

    def call_back(self, request: Request, *, body: bytes | None = None, token: str = "") -> int:
        """POST as the vendor does; the answer's code, or 0 when the site died over it."""
        address = request.callback_url.removeprefix(settings.PUBLIC_BASE_URL)
        if token:
            address = f"/webhooks/pixazo/{token}/"
        data = request.callback() if body is None else body
        try:
            answer = Client().post(address, data=data, content_type="application/json")
        except Killed:
            self.unanswered.append(request)
            return 0
        return answer.status_code

    # --- The house ----------------------------------------------------------------------------
    def work(self, step: str, *, killed_at: int = 0) -> bool:
        """A worker answers a doorbell; whether it lived."""
        with self.killer.at(killed_at):
            try:
                pipeline.run_due(pipeline.STEPS[step], budget_seconds=100)
            except Killed:
                return False
        return True

    def stall(self, step: str) -> bool:
        """A worker claims and calls, then stands still; whether it had anything to do."""
        stage = pipeline.STEPS[step]
        works = stage.claim(1, timezone.now())
        for work in works:
            look: Callable[..., Any] | None = getattr(stage, "instead_of_call", None)
            outcome = look(work, timezone.now()) if look else None
            outcome = stage.call(work) if outcome is None else outcome
            self.stalled.append((stage, work, outcome))
        return bool(works)

    def go_on(self) -> None:
        """The worker that stood still longest records what it learned then."""
        stage, work, outcome = self.stalled.pop(0)
        with transaction.atomic():
            stage.record(work, outcome, timezone.now())

    def wait(self, seconds: float) -> None:
        self.clock.shift(timedelta(seconds=seconds))

    def wait_until_due(self) -> None:
        """To the moment at which the job, or its photo's end, is due and nobody holds it."""
        moments = [
            max(row.due_at, row.lease_until or row.due_at)
            for row in (self.job, self.photo)
            if row.due_at is not None
        ]
        if self.job.state == JobState.READY:
            for each in Breaker.objects.all():
                moments = [max(filter(None, (each.probe_at, each.wait_until, *moments)))]
        ahead = (min(moments) - timezone.now()).total_seconds() if moments else 0
        self.wait(max(ahead, 0) + 0.001)

    def sweep(self, *, after_each: Callable[[], object] = lambda: None) -> None:
        """Time goes on, and fresh workers do whatever is due."""
        self.wait_until_due()
        for step in pipeline.steps_due(timezone.now()):
            self.work(step)
            after_each()

    def calm(
        self, *, calls_back: bool = True, after_each: Callable[[], object] = lambda: None
    ) -> None:
        """All is well again: the vendor ends what it has and says so; the house catches up."""
        self.behave()
        for _ in range(120):
            for request in self.vendor.requests:
                if request.status in ("QUEUED", "PROCESSING"):
                    request.status = "COMPLETED"
                    self.unanswered.append(request)
            while self.unanswered and calls_back:
                self.call_back(self.unanswered.pop(0))
                after_each()
            self.sweep(after_each=after_each)
            if self.is_over:
                return
        raise AssertionError(f"stuck: {vars(self.job)}")

    @property
    def is_over(self) -> bool:
        """Ended and told; and the photo, if it had to go, is gone."""
        job = self.job
        told = job.state in TERMINAL and job.due_at is None and job.told_at is not None
        return told and job.photo.state not in (PhotoState.ERASING, PhotoState.UPLOADED)

    # --- What must hold at every moment -------------------------------------------------------
    def check(self) -> None:
        """Money and state agree; nothing was bought or sent that should not have been."""
        job, money = self.job, self.money
        assert self.sent_without_consent == 0, "something left without live consent"
        assert books.lies() == []
        match JobState(job.state):
            case JobState.COMPLETED | JobState.DELIVERED:
                assert (money.open, money.charged) == (0, self.price)
            case state if state in TERMINAL:
                assert (money.open, money.charged) == (0, 0)
            case _:
                assert (money.open, money.captured) == (self.price, 0)
        assert money.captured in (0, self.price)
        bought = len(self.vendor.requests)
        assert bought <= 1 + job.resubmissions <= 2, f"bought {bought} times"
        borne = Attempt.objects.filter(job=job, house_cost_micros__gt=0).count()
        assert job.resubmissions <= borne, "what was bought in vain is on no book"

    def summary(self) -> tuple[str, int, int]:
        """How it stands: the state, what the member paid, what is still set aside."""
        job, money = self.job, self.money
        return (str(job.state), money.charged, money.open)


def report(request_id: str, status: str) -> bytes:
    """A callback's body that says so."""
    output = {"media_url": [f"{CDN}/{request_id}/output.png"]} if status == "COMPLETED" else None
    return json.dumps({"request_id": request_id, "status": status, "output": output}).encode()
