"""Without a Chromium the browser tests are skipped in plain sight, and CI does not go without."""

from __future__ import annotations

import pytest

from tests.browser.conftest import chromium

NONE = {"CHROMIUM": "/nowhere/chromium"}


def test_without_a_chromium_browser_tests_are_skipped():
    with pytest.raises(pytest.skip.Exception, match="No Chromium was found"):
        chromium(NONE)


def test_without_a_chromium_ci_fails():
    with pytest.raises(pytest.fail.Exception, match="must run"):
        chromium({**NONE, "CI": "true"})
