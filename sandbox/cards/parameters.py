"""Stripe's form encoding: `a[b][0][c]=v` becomes nested objects and lists."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.cards.errors import Refused, missing

NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def read(encoded: str) -> dict[str, Any]:
    """The nested parameters of a body or a query. Raises Refused for a name that is none."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, max_num_fields=1000):
        found = NAME.match(name)
        if not found:
            raise Refused(f"Invalid parameter name: {name}")
        keys = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
            if not isinstance(branch, dict):
                raise Refused(f"Invalid {found[1]}: it is given twice", param=found[1])
        branch[keys[-1] or str(len(branch))] = value
    return {key: _lists(value) for key, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    parts = {key: _lists(part) for key, part in value.items()}
    if all(key.isdigit() for key in parts):
        return [parts[key] for key in sorted(parts, key=int)]
    return parts


def only(said: dict[str, Any], known: set[str]) -> None:
    """Raises Refused for a parameter outside `known`, as Stripe does."""
    for name in said:
        if name not in known:
            raise Refused(
                f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )


def text(said: dict[str, Any], name: str, *, needed: bool = False) -> str | None:
    value = said.get(name)
    if value is None or value == "":
        if needed:
            raise missing(name)
        return None
    if not isinstance(value, str):
        raise Refused(f"Invalid string: {value}", param=name)
    return value


def whole(value: Any, name: str) -> int:
    """Raises Refused for what is no integer."""
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,12}", value):
        raise Refused(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def words(said: dict[str, Any], name: str) -> dict[str, str]:
    """A `metadata` object."""
    value = said.get(name, {})
    if not isinstance(value, dict):
        raise Refused("Invalid object", param=name)
    return {str(key): str(part) for key, part in value.items()}
