"""Settings: harmless by default, and no start on a default secret once DEBUG is off."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import django_rq
import pytest

from restoration_site import settings as house

ROOT = house.BASE_DIR
SECRETS = {
    "SECRET_KEY": "x" * 60,
    "ALLOWED_HOSTS": "heirloom.example",
    "PUBLIC_BASE_URL": "https://heirloom.example/",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "PIXAZO_API_KEY": "pixazo",
    "EMAIL_URL": "smtp://127.0.0.1:2525",
    "CONTROLLER_NAME": "Heirloom Ltd",
    "CONTROLLER_ADDRESS": "2 Street, Town",
    "CONTROLLER_EMAIL": "privacy@heirloom.example",
    "CONTROLLER_COUNTRY": "IE",
    "STORAGE_LOCATION": "eu-west-1",
}
# Said to be empty, so that a developer's own .env can't fill them in.
NOTHING_SET = dict.fromkeys(
    [
        *SECRETS,
        "S3_ENDPOINT_URL",
        "S3_PUBLIC_ENDPOINT_URL",
        "SANDBOX_MAIL_URL",
        "FAL_KEY",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_API_BASE",
    ],
    "",
)
SHOW = """
import json
from restoration_site import settings
names = [name for name in dir(settings) if name.isupper()]
print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""


def start(tmp_path: Path, *arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
    """Python in the repository's root, with just this environment."""
    env = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path / "var"),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        **NOTHING_SET,
        **said,
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def loaded(tmp_path: Path, **said: str) -> dict[str, Any]:
    """The settings that such an environment makes."""
    done = start(tmp_path, "-c", SHOW, **said)
    assert done.returncode == 0, done.stderr
    settings: dict[str, Any] = json.loads(done.stdout)
    return settings


# --- A missing secret -----------------------------------------------------------------------
@pytest.mark.parametrize("name", SECRETS)
def test_with_debug_off_a_missing_secret_stops_the_start_and_is_named(tmp_path: Path, name: str):
    done = start(tmp_path, "manage.py", "check", **{**SECRETS, "DEBUG": "false", name: ""})
    assert done.returncode != 0
    assert re.search(f"{name} is not set, and (DEBUG|SANDBOX) is off.", done.stderr)


def test_beside_a_real_gateway_a_missing_name_stops_the_start_of_a_debugged_site_too(
    tmp_path: Path,
):
    done = start(tmp_path, "manage.py", "check", SANDBOX="false")
    assert done.returncode != 0
    assert "CONTROLLER_NAME is not set, and SANDBOX is off." in done.stderr


def test_with_every_secret_a_site_with_debug_off_starts(tmp_path: Path):
    done = start(tmp_path, "manage.py", "check", **SECRETS, DEBUG="false")
    assert done.returncode == 0, done.stderr


def test_with_nothing_set_the_site_starts_on_the_sandbox(tmp_path: Path):
    settings = loaded(tmp_path)
    assert settings["DEBUG"] is True
    assert settings["SANDBOX"] is True
    assert settings["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost"]
    assert settings["PIXAZO_BASE_URL"].startswith("http://127.0.0.1:")
    assert settings["PIXAZO_OUTPUT_HOSTS"] == [settings["PIXAZO_BASE_URL"].removeprefix("http://")]


def test_a_setting_that_is_no_boolean_stops_the_start_and_is_named(tmp_path: Path):
    done = start(tmp_path, "manage.py", "check", DEBUG="perhaps")
    assert done.returncode != 0
    assert '"DEBUG"' in done.stderr


# --- In production --------------------------------------------------------------------------
@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return loaded(tmp_path_factory.mktemp("production"), **SECRETS, DEBUG="false")


def test_in_production_nothing_of_the_sandbox_is_left(production: dict[str, Any]):
    assert production["SANDBOX"] is False
    assert production["PIXAZO_BASE_URL"] == "https://gateway.pixazo.ai"
    assert production["PIXAZO_OUTPUT_HOSTS"] == ["pub-582b7213209642b9b995c96c95a30381.r2.dev"]
    assert production["S3_ENDPOINT_URL"] is None
    assert "sandbox" not in production["SECRET_KEY"]


def test_over_https_everything_stays_there(production: dict[str, Any]):
    assert production["PUBLIC_BASE_URL"] == "https://heirloom.example"
    assert production["SECURE_SSL_REDIRECT"] is True
    assert production["SECURE_HSTS_SECONDS"] == 31_536_000
    assert production["SESSION_COOKIE_SECURE"] is True
    assert production["CSRF_COOKIE_SECURE"] is True
    assert production["CSRF_TRUSTED_ORIGINS"] == ["https://heirloom.example"]
    assert production["ACCOUNT_DEFAULT_HTTP_PROTOCOL"] == "https"


def test_pages_may_load_pictures_from_the_store_and_scripts_from_nobody_else(
    production: dict[str, Any],
):
    directives = production["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]
    assert "https://s3.us-east-1.amazonaws.com" in directives["img-src"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert directives["object-src"] == ["'none'"]
    assert not any("unsafe" in source for sources in directives.values() for source in sources)


def test_addresses_are_not_logged_for_presigned_ones_are_secrets(production: dict[str, Any]):
    assert production["LOGGING"]["loggers"]["httpx"]["level"] == "WARNING"


# --- Stores ---------------------------------------------------------------------------------
def test_sqlite_waits_for_its_turn_at_begin(tmp_path: Path):
    options = loaded(tmp_path)["DATABASES"]["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]


def test_a_database_url_is_postgresqls(tmp_path: Path):
    database = loaded(tmp_path, DATABASE_URL="postgres://u:p@db.test:5433/heirloom")["DATABASES"]
    assert database["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert (database["default"]["HOST"], database["default"]["PORT"]) == ("db.test", 5433)
    assert database["default"]["CONN_HEALTH_CHECKS"] is True


def test_browsers_are_sent_to_the_stores_public_name(tmp_path: Path):
    settings = loaded(
        tmp_path,
        S3_ENDPOINT_URL="http://s3.internal:8333",
        S3_PUBLIC_ENDPOINT_URL="https://pictures.example/base",
    )
    assert settings["S3_PUBLIC_ORIGIN"] == "https://pictures.example"


def test_the_queue_speaks_json_so_that_nobody_can_smuggle_code_into_a_worker(tmp_path: Path):
    for queue in loaded(tmp_path)["RQ_QUEUES"].values():
        assert queue["SERIALIZER"] == "rq.serializers.JSONSerializer"


@pytest.mark.parametrize("download", ["60", "3", "900"])
def test_no_task_is_broken_off_before_its_longest_call_can_have_ended(
    tmp_path: Path, download: str
):
    """A collect of a vendor that drips, and a store that is silent for as long as it may be."""
    house = loaded(tmp_path, RESULT_DOWNLOAD_SECONDS=download)
    pictures = 1 + house["RESULT_VERSIONS_MOST"]
    silent_store = house["STORE_TRIES"] * (
        house["STORE_CONNECT_SECONDS"] + house["STORE_READ_SECONDS"]
    )
    asked = house["GATEWAY_CONNECT_SECONDS"] + house["GATEWAY_READ_SECONDS"]
    collect = asked + int(download) + pictures * 2 * silent_store
    for queue in house["RQ_QUEUES"].values():
        assert queue["DEFAULT_TIMEOUT"] > house["DRAIN_BUDGET_SECONDS"] + collect


def test_a_redis_that_hangs_does_not_hang_a_page():
    options = django_rq.get_queue("quick").connection.connection_pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (2, 1)


def test_the_store_may_keep_half_of_the_webs_threads_waiting_at_most(tmp_path: Path):
    (said,) = re.findall(r"WEB_THREADS:-(\d+)", (ROOT / "Procfile").read_text())
    assert loaded(tmp_path)["WEB_THREADS"] == int(said)
    for threads, waits in ((16, 8), (5, 2), (2, 1)):
        assert loaded(tmp_path, WEB_THREADS=str(threads))["STORE_WAITS_AT_ONCE"] == waits


# --- What is written down -------------------------------------------------------------------
def test_every_variable_that_is_read_is_listed_with_the_others():
    source = Path(house.__file__).read_text()
    read = set(re.findall(r'(?:env\.\w+|secret)\(\s*"([A-Z][A-Z0-9_]+)"', source))
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert len(read) > 20
    assert read - listed == set()


# --- Cards ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_half_of_the_card_processors_secrets_stops_the_start(tmp_path: Path, name: str):
    done = start(tmp_path, "manage.py", "check", **SECRETS, **{name: "x"}, DEBUG="false")
    assert done.returncode != 0
    assert "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET belong together" in done.stderr


def test_a_form_may_lead_to_the_card_page_only_when_cards_are_taken(tmp_path: Path):
    keys = {"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": "whsec_x"}
    without, taken = loaded(tmp_path), loaded(tmp_path, **keys)
    allowed = [
        one["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"] for one in (without, taken)
    ]
    assert allowed == [["'self'"], ["'self'", "https://checkout.stripe.com"]]
    assert taken["STRIPE_API_BASE"] == "https://api.stripe.com"
