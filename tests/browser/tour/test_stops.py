"""The tour leads to every page of the site."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tests.browser.tour.stops import STOPS, UNVISITED
from tests.browser.tour.world import World

pytestmark = pytest.mark.browser


def names(resolver: URLResolver) -> set[str]:
    """The site's own; the staff's pages of Django and its queues have namespaces."""
    found: set[str] = set()
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern):
            found.add(one.name or str(one.pattern))
        elif one.namespace is None:
            found |= names(one)
    return found


def test_no_page_is_left_out(world: World):
    stops = [stop for stop in STOPS if stop.status == 200]
    addresses = (stop.address(world.addresses) for stop in stops)
    visited = {resolve(urlsplit(address).path).url_name for address in addresses}
    known = names(get_resolver())
    assert known - visited - set(UNVISITED) == set(), "a stop for them, or a reason in UNVISITED"
    assert set(UNVISITED) & visited == set()
    assert set(UNVISITED) - known == set()
