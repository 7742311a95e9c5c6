"""A job whose result waits to be collected."""

from __future__ import annotations

import pytest

from jobs.models import RestorationJob
from tests.builders import make_job
from tests.fakes import FakeVendor
from tests.jobs.steps.collecting import completed


@pytest.fixture
def done(vendor: FakeVendor) -> RestorationJob:
    return completed(vendor, make_job())
