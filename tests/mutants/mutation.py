"""Put a defect into a copy of a function, and see whether a test notices.

    with defect(posting.post, {"wallet = lock(user)": "wallet = balances.wallet_of(user)"}):
        assert notices(test_ledger.test_racing_holds)

A proof that names fixtures is made `ready` first, outside the defect. Only its own assertion
counts: one that ends in any other error proves nothing, unless the error that the defect must lead
to is named with `fails_with`.

The defect is a change of the function's own text, so it stays what it says when the function moves
on: a text that isn't there any more fails the test that asked for it.
"""

from __future__ import annotations

import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

ASSERTED = (AssertionError, pytest.fail.Exception)
OURS = ("accounts", "jobs", "desk", "restoration_site")


@contextmanager
def defect(function: Callable[..., Any], changes: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, callers of the function get a copy with these texts replaced.

    Also those of our modules that imported it by its name. Raises LookupError when a text does not
    stand in it exactly once.
    """
    module = sys.modules[function.__module__]
    source = textwrap.dedent(inspect.getsource(function))
    for text, other in changes.items():
        if source.count(text) != 1:
            raise LookupError(f"{function.__name__} has {source.count(text)} times: {text!r}")
        source = source.replace(text, other)
    owner: Any = module
    *classes, name = function.__qualname__.split(".")
    for each in classes:
        owner = getattr(owner, each)
    if "super()" in source:  # which asks for the class around it
        source = f"def within(__class__):\n{textwrap.indent(source, '    ')}\n    return {name}\n"
    made: dict[str, Any] = {}
    exec(compile(source, f"<a defect in {function.__name__}>", "exec"), module.__dict__, made)
    if "within" in made:
        made[name] = made["within"](owner)
    imported = [one for one in _modules_of_ours() if vars(one).get(name) is function]
    with pytest.MonkeyPatch.context() as patch:
        for each in (owner, *imported):
            patch.setattr(each, name, made[function.__name__])
        yield


def _modules_of_ours() -> list[ModuleType]:
    return [module for name, module in sys.modules.items() if name.partition(".")[0] in OURS]


def notices(test: Callable[..., object], *arguments: Any, **named: Any) -> bool:
    """Whether the test fails by what it asserts. What else it raises is raised here.

    Raises TypeError for a test that takes something else: it would fail without any defect.
    """
    inspect.signature(test).bind(*arguments, **named)
    try:
        test(*arguments, **named)
    except ASSERTED:
        return True
    except BaseExceptionGroup as several:  # a hunt has found more than one
        _, others = several.split(ASSERTED)
        if others is None:
            return True
        raise
    return False


def fails_with(
    kind: type[Exception], proof: Callable[..., object], words: str = ""
) -> Callable[..., object]:
    """The proof of something whose defect shows in this error, with these words in it."""

    @functools.wraps(proof)
    def proved(*arguments: Any, **named: Any) -> object:
        try:
            return proof(*arguments, **named)
        except kind as problem:
            if words not in str(problem):
                raise
            raise AssertionError("the error that the defect leads to") from problem

    return proved


def ready(
    request: pytest.FixtureRequest, proof: Callable[..., object], **said: Any
) -> Callable[[], object]:
    """The proof with what the mutant says and, for its other names, the fixtures called so.

    They are made here, so that only the proof meets the defect.
    """
    names = inspect.signature(proof).parameters
    fixtures = {name: request.getfixturevalue(name) for name in names if name not in said}
    return functools.partial(proof, **fixtures, **said)
