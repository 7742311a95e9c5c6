"""Decides what runs and what each process is told: a pure function of the environment.

A part of the outside world is the sandbox's own unless the environment says where the real one is.
What is ours gets all of its variables from here; what is elsewhere gets none, so that a real
gateway is never called with a made-up key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"
SITE_PORT = "8000"
# Each part that can be elsewhere, and the variable that says so.
ELSEWHERE = {
    "redis": "REDIS_URL",
    "s3": "S3_ENDPOINT_URL",
    "gateway": "PIXAZO_BASE_URL",
    "mail": "EMAIL_URL",
    "cards": "STRIPE_SECRET_KEY",
}
DEMO_PASSWORD = "heirloom-demo"
DEMO_PEOPLE = {
    role: f"{role}@heirloom.example"
    for role in ("member", "reviewer", "reviewer2", "billing", "admin")
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running house answers. An URL is empty when that part is not the sandbox's own.

    `env` is the site's whole environment: with it, `manage.py` works on the same house.
    """

    site: str
    mailbox: str
    gateway: str
    cards: str
    var: str
    demo_people: dict[str, str]
    demo_password: str
    env: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """The processes to start, by name, and the environment that all of them share."""

    processes: dict[str, str]
    env: dict[str, str]
    addresses: Addresses


def assemble(
    environ: Mapping[str, str],
    *,
    var: Path,
    procfile: Mapping[str, str],
    credentials: Mapping[str, str],
    certificate: tuple[Path, Path],
    port_for: Callable[[str, str], int],
) -> Plan:
    """What to start. `port_for(variable, value)` gives a port: the one asked for, or a free one
    when the value is empty. A variable that is set but empty counts as not set."""
    given = {name: value for name, value in environ.items() if value}
    ours = {part for part, variable in ELSEWHERE.items() if variable not in given}
    if "gateway" not in ours:
        ours.discard("cards")  # play money must not buy what costs real money

    def port(variable: str) -> int:
        return port_for(variable, given.get(variable, ""))

    made: dict[str, str] = {}
    site_port = port_for("PORT", given.get("PORT", SITE_PORT))
    made["PORT"] = str(site_port)
    made["VAR_DIR"] = str(var)
    made["DATABASE_URL"] = f"sqlite:///{var / 'heirloom.sqlite3'}"
    made["PUBLIC_BASE_URL"] = f"http://{HOST}:{site_port}"
    made["DEBUG"] = "false"
    made["SANDBOX"] = "true" if "gateway" in ours else "false"
    made["SECRET_KEY"] = credentials["SECRET_KEY"]
    made["PYTHONUNBUFFERED"] = "1"
    if "C2PA_CERTIFICATES_FILE" not in given:
        made["C2PA_CERTIFICATES_FILE"], made["C2PA_PRIVATE_KEY_FILE"] = map(str, certificate)
    mailbox = gateway = cards = ""
    if "redis" in ours:
        made["REDIS_PORT"] = str(port("REDIS_PORT"))
        made["REDIS_URL"] = f"redis://{HOST}:{made['REDIS_PORT']}/0"
    if "s3" in ours:
        made["S3_PORT"] = str(port("S3_PORT"))
        made["S3_ENDPOINT_URL"] = f"http://{HOST}:{made['S3_PORT']}"
        made["AWS_ACCESS_KEY_ID"] = credentials["AWS_ACCESS_KEY_ID"]
        made["AWS_SECRET_ACCESS_KEY"] = credentials["AWS_SECRET_ACCESS_KEY"]
    if "gateway" in ours:
        made["SANDBOX_GATEWAY_PORT"] = str(port("GATEWAY_PORT"))
        made["SANDBOX_DIR"] = str(var / "sandbox")
        made["PIXAZO_BASE_URL"] = f"http://{HOST}:{made['SANDBOX_GATEWAY_PORT']}"
        made["PIXAZO_OUTPUT_HOSTS"] = f"{HOST}:{made['SANDBOX_GATEWAY_PORT']}"
        made["PIXAZO_API_KEY"] = credentials["PIXAZO_API_KEY"]
        gateway = f"{made['PIXAZO_BASE_URL']}/_sandbox/"
        if "FAL_KEY" not in given:
            # The same process speaks for the second vendor.
            made["FAL_KEY"] = credentials["FAL_KEY"]
            made["FAL_BASE_URL"] = f"{made['PIXAZO_BASE_URL']}/fal"
            made["FAL_JWKS_URL"] = f"{made['FAL_BASE_URL']}/.well-known/jwks.json"
            made["FAL_OUTPUT_HOSTS"] = made["PIXAZO_OUTPUT_HOSTS"]
    if "mail" in ours:
        made["MAIL_PORT"] = str(port("MAIL_PORT"))
        made["MAILBOX_PORT"] = str(port("MAILBOX_PORT"))
        made["EMAIL_URL"] = f"smtp://{HOST}:{made['MAIL_PORT']}"
        mailbox = made["SANDBOX_MAIL_URL"] = f"http://{HOST}:{made['MAILBOX_PORT']}/"
    if "cards" in ours:
        public = given.get("PUBLIC_BASE_URL", made["PUBLIC_BASE_URL"]).rstrip("/")
        made["SANDBOX_CARDS_PORT"] = str(port("CARDS_PORT"))
        made["SANDBOX_CARDS_DIR"] = str(var / "cards")
        made["SANDBOX_CARDS_WEBHOOK_URL"] = f"{public}/webhooks/stripe/"
        made["STRIPE_API_BASE"] = f"http://{HOST}:{made['SANDBOX_CARDS_PORT']}"
        made["STRIPE_CHECKOUT_ORIGIN"] = made["STRIPE_API_BASE"]
        made["STRIPE_SECRET_KEY"] = credentials["STRIPE_SECRET_KEY"]
        made["STRIPE_WEBHOOK_SECRET"] = credentials["STRIPE_WEBHOOK_SECRET"]
        cards = f"{made['STRIPE_API_BASE']}/_sandbox/"

    env = {**environ, **made, **given}
    # These two must be this start's own, whatever was given: a moved port, a readiness probe.
    env["PORT"] = made["PORT"]
    env["ALLOWED_HOSTS"] = _hosts(given.get("ALLOWED_HOSTS", ""))
    return Plan(
        processes={
            name: command
            for name, command in procfile.items()
            if name in ours or name not in ELSEWHERE
        },
        env=env,
        addresses=Addresses(
            site=f"http://{HOST}:{site_port}",
            mailbox=mailbox,
            gateway=gateway,
            cards=cards,
            var=str(var),
            demo_people=DEMO_PEOPLE if env["SANDBOX"] == "true" else {},
            demo_password=DEMO_PASSWORD if env["SANDBOX"] == "true" else "",
            env=env,
        ),
    )


def _hosts(given: str) -> str:
    """The hosts asked for, and loopback: the launcher itself asks there whether all is well."""
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    return ",".join(dict.fromkeys([*hosts, HOST, "localhost"]))
