"""What runs, and what it is told, decided from the environment alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from sandbox.stack.plan import Plan, assemble

PARTS = ("redis", "s3", "gateway", "cards", "mail", "web", "worker_quick", "worker_heavy", "cron")
CREDENTIALS = {
    "SECRET_KEY": "made-key",
    "AWS_ACCESS_KEY_ID": "made-id",
    "AWS_SECRET_ACCESS_KEY": "made-secret",
    "PIXAZO_API_KEY": "made-pixazo",
    "FAL_KEY": "made-fal",
    "STRIPE_SECRET_KEY": "sk_test_made",
    "STRIPE_WEBHOOK_SECRET": "whsec_made",
}


def plan(environ: Mapping[str, str] = {}) -> Plan:
    free = count(20_000)
    return assemble(
        environ,
        var=Path("/var/here"),
        procfile={name: f"run {name}" for name in PARTS},
        credentials=CREDENTIALS,
        certificate=(Path("certificates.pem"), Path("key.pem")),
        port_for=lambda name, value: int(value) if value else next(free),
    )


def test_with_nothing_set_the_whole_world_is_the_sandboxs():
    made = plan()
    assert tuple(made.processes) == PARTS
    assert made.env["PUBLIC_BASE_URL"] == "http://127.0.0.1:8000"
    assert made.env["DATABASE_URL"] == "sqlite:////var/here/heirloom.sqlite3"
    assert made.env["DEBUG"] == "false"
    assert made.env["SANDBOX"] == "true"
    assert made.env["EMAIL_URL"] == f"smtp://127.0.0.1:{made.env['MAIL_PORT']}"
    assert made.env["PIXAZO_OUTPUT_HOSTS"] == made.env["PIXAZO_BASE_URL"].removeprefix("http://")
    assert made.env["C2PA_CERTIFICATES_FILE"] == "certificates.pem"
    assert made.env["C2PA_PRIVATE_KEY_FILE"] == "key.pem"
    assert made.addresses.demo_people["member"] == "member@heirloom.example"


def test_the_sandboxs_gateway_speaks_for_the_second_vendor_too():
    made = plan({"FAL_KEY": ""})  # empty is not set
    gateway = made.env["PIXAZO_BASE_URL"]
    assert made.env["FAL_KEY"] == "made-fal"
    assert made.env["FAL_BASE_URL"] == f"{gateway}/fal"
    assert made.env["FAL_JWKS_URL"] == f"{gateway}/fal/.well-known/jwks.json"
    assert made.env["FAL_OUTPUT_HOSTS"] == made.env["PIXAZO_OUTPUT_HOSTS"]


def test_a_second_vendor_that_is_real_is_left_alone_and_none_is_made_up_beside_a_real_first():
    for environ in ({"FAL_KEY": "theirs"}, {"PIXAZO_BASE_URL": "https://gateway.example"}):
        made = plan(environ)
        assert made.env.get("FAL_KEY") == environ.get("FAL_KEY")
        assert "FAL_BASE_URL" not in made.env


@pytest.mark.parametrize(
    ("variable", "value", "part"),
    [
        ("REDIS_URL", "redis://cache.example:6379/0", "redis"),
        ("S3_ENDPOINT_URL", "https://s3.example", "s3"),
        ("PIXAZO_BASE_URL", "https://gateway.example", "gateway"),
        ("EMAIL_URL", "smtp://mail.example", "mail"),
        ("STRIPE_SECRET_KEY", "sk_test_theirs", "cards"),
    ],
)
def test_a_part_that_is_elsewhere_is_not_started(variable: str, value: str, part: str):
    made = plan({variable: value})
    gone = {part, "cards"} if part == "gateway" else {part}
    assert tuple(made.processes) == tuple(name for name in PARTS if name not in gone)
    assert made.env[variable] == value


def test_a_part_that_is_elsewhere_gets_no_made_up_key():
    made = plan({"PIXAZO_BASE_URL": "https://gateway.example", "S3_ENDPOINT_URL": "https://s3.ex"})
    assert "PIXAZO_API_KEY" not in made.env
    assert "AWS_SECRET_ACCESS_KEY" not in made.env


def test_beside_a_real_gateway_nobody_has_a_known_password():
    made = plan({"PIXAZO_BASE_URL": "https://gateway.example"})
    assert made.env["SANDBOX"] == "false"
    assert made.addresses.demo_people == {}


def test_beside_a_real_gateway_nobody_pays_with_play_money():
    made = plan({"PIXAZO_BASE_URL": "https://gateway.example"})
    assert "cards" not in made.processes
    assert "STRIPE_SECRET_KEY" not in made.env
    assert made.addresses.cards == ""


def test_the_card_page_knows_where_the_site_hears():
    made = plan({"PUBLIC_BASE_URL": "https://family.example/"})
    assert made.env["SANDBOX_CARDS_WEBHOOK_URL"] == "https://family.example/webhooks/stripe/"
    assert made.env["STRIPE_API_BASE"] == made.env["STRIPE_CHECKOUT_ORIGIN"]
    assert made.addresses.cards == f"{made.env['STRIPE_API_BASE']}/_sandbox/"


def test_an_empty_variable_counts_as_not_set():
    assert "redis" in plan({"REDIS_URL": ""}).processes


def test_what_is_given_wins_over_what_is_made():
    made = plan({"SECRET_KEY": "mine", "DEBUG": "true", "PORT": "9000", "MAIL_PORT": "2525"})
    assert made.env["SECRET_KEY"] == "mine"
    assert made.env["DEBUG"] == "true"
    assert made.env["EMAIL_URL"] == "smtp://127.0.0.1:2525"
    assert made.addresses.site == "http://127.0.0.1:9000"


def test_loopback_is_always_an_allowed_host():
    made = plan({"ALLOWED_HOSTS": "family.example"})
    assert made.env["ALLOWED_HOSTS"] == "family.example,127.0.0.1,localhost"


def test_every_setting_is_in_the_example():
    root = Path(__file__).resolve().parents[2]
    settings = (root / "restoration_site" / "settings.py").read_text()
    read = re.findall(r'(?:env\.\w+|secret)\(\s*"([A-Z0-9_]+)"', settings)
    listed = re.findall(r"^#([A-Z0-9_]+)=", (root / ".env.example").read_text(), re.MULTILINE)
    assert set(read) - set(listed) == set()
