"""Every fact of the vendors' documents that we rely on, on the sandbox and on the fakes.

`make contract` looks at the same facts, and at the real vendors where keys are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.__main__ import Seen, differences, main, peers_wanted, table
from tests.contract.facts import FACTS, Fact, NotSeen
from tests.contract.peers import Peer, fake, sandbox

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module", params=["sandbox", "fake"])
def peers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Peer]]:
    if request.param == "fake":
        with fake("pixazo") as pixazo, fake("fal") as fal:
            yield {"pixazo": pixazo, "fal": fal}
        return
    one, other = tmp_path_factory.mktemp("pixazo"), tmp_path_factory.mktemp("fal")
    with sandbox("pixazo", one) as pixazo, sandbox("fal", other) as fal:
        yield {"pixazo": pixazo, "fal": fal}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.vendor}: {fact.name}")
def test_it_is_as_documented(peers: dict[str, Peer], fact: Fact):
    try:
        assert fact.difference(peers[fact.vendor]) == ""
    except NotSeen:
        assert peers[fact.vendor].is_fake  # the sandbox shows all of them


def test_each_vendor_has_its_facts_and_each_its_own_name():
    for vendor in ("pixazo", "fal"):
        names = [fact.name for fact in FACTS if fact.vendor == vendor]
        assert len(names) > 8
        assert len(names) == len(set(names))


# --- make contract --------------------------------------------------------------------------
def test_what_differs_is_told_beside_what_is_documented():
    with fake("pixazo") as peer:
        wrong = Fact("pixazo", "colour of the sky", "blue", lambda peer: "green")
        broken = Fact("pixazo", "shape of the earth", "round", lambda peer: _no_words()["edge"])
        hidden = Fact("pixazo", "far side", "there", _not_seen)
        seen = differences(peer, [wrong, broken, hidden])
    assert seen == [
        Seen("fake pixazo", "colour of the sky", "blue", "green"),
        Seen("fake pixazo", "shape of the earth", "round", "KeyError: 'edge'"),
    ]
    text = table(seen)
    assert "colour of the sky" in text
    assert text.index("blue") < text.index("green")


def _no_words() -> dict[str, str]:
    return {}


def _not_seen(peer: Peer) -> str:
    raise NotSeen("behind it")


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, ["sandbox pixazo", "sandbox fal"]),
        ({"PIXAZO_API_KEY": "k"}, ["sandbox pixazo", "sandbox fal", "real pixazo"]),
        ({"FAL_KEY": "k"}, ["sandbox pixazo", "sandbox fal", "real fal"]),
        ({"FAL_KEY": "", "PIXAZO_API_KEY": ""}, ["sandbox pixazo", "sandbox fal"]),
    ],
)
def test_a_real_vendor_is_asked_only_with_its_key(
    environ: dict[str, str], wanted: list[str], tmp_path: Any
):
    assert [name for name, _ in peers_wanted(environ, tmp_path)] == wanted


def test_without_keys_it_looks_at_the_sandbox_and_says_that_nothing_differs(
    capsys: pytest.CaptureFixture[str],
):
    assert main({}) == 0
    said = capsys.readouterr().out
    assert "Nothing differs from the documents." in said
    assert "costs nothing" in said
