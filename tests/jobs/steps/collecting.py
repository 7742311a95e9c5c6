"""What the tests of `steps.collect` share: a job that the vendor says is done, and its pictures."""

from __future__ import annotations

import struct
import zlib

from accounts import ledger
from jobs.models import RestorationJob
from jobs.states import JobState
from jobs.steps import settle
from tests.builders import make_due, run, seen
from tests.fakes import FakeVendor, png


def completed(vendor: FakeVendor, job: RestorationJob) -> RestorationJob:
    """The vendor has called back: done."""
    run("submit")
    token = vendor.last.callback_url.rstrip("/").rpartition("/")[2]
    settle.deliver(token=token, body=vendor.finish("COMPLETED").callback())
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    return job


def collected(job: RestorationJob) -> RestorationJob:
    make_due(job)
    run("collect")
    return seen(job)


def charged(job: RestorationJob) -> int:
    assert job.hold is not None
    return ledger.balance_of(job.hold).charged


def bomb(width: int, height: int) -> bytes:
    """A PNG that says that it is so large; its pixels are never looked at."""
    picture = bytearray(png())
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    picture[12:33] = header + struct.pack(">I", zlib.crc32(header))
    return bytes(picture)
