"""Every setting, read once from the environment.

With nothing set, the site works against the embedded sandbox (DEBUG is then on). With DEBUG off a
missing secret stops the start and is named: a site must never run on a default password.
`.env.example` lists every variable; a `.env` file beside `manage.py` is read if it is there.
"""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from environs import Env

from jobs.queues import HEAVY, QUICK

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)


def secret(name: str, *, sandbox: str) -> str:
    """The environment's value; the sandbox's own only while DEBUG is on.

    Raises ImproperlyConfigured with the variable's name.
    """
    value: str = env.str(name, "")
    if value:
        return value
    if DEBUG:
        return sandbox
    raise ImproperlyConfigured(f"{name} is not set, and DEBUG is off. Set it (see .env.example).")


def origin(url: str) -> str:
    """Scheme, host and port of a URL, as a Content-Security-Policy source."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def base_url(name: str, said: str) -> str:
    """Scheme and host alone, without a slash: addresses are put together by adding paths to it.

    Raises ImproperlyConfigured with the variable's name.
    """
    parts = urlsplit(said)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or said.strip("/") != origin(said)
    ):
        raise ImproperlyConfigured(
            f"{name} must be http:// or https:// and a host, with nothing behind it: {said!r}."
        )
    return origin(said)


def with_query(url: str, **more: int) -> str:
    """A URL with more in its query; what it says already stands."""
    parts = urlsplit(url)
    query = {**{key: str(value) for key, value in more.items()}, **dict(parse_qsl(parts.query))}
    return urlunsplit(parts._replace(query=urlencode(query)))


# --- Where we are -----------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", True)
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
SECRET_KEY = secret(
    "SECRET_KEY", sandbox="sandbox-only-key-that-never-leaves-this-machine-0123456789"
)
ALLOWED_HOSTS = [
    host for host in secret("ALLOWED_HOSTS", sandbox="127.0.0.1,localhost").split(",") if host
]
# Where the vendor reaches our callbacks, and the base of links in e-mails.
PUBLIC_BASE_URL = base_url(
    "PUBLIC_BASE_URL", secret("PUBLIC_BASE_URL", sandbox="http://127.0.0.1:8000")
)
if not validate_host(urlsplit(PUBLIC_BASE_URL).hostname or "", ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        f"ALLOWED_HOSTS lacks the host of PUBLIC_BASE_URL ({PUBLIC_BASE_URL}): the vendor's "
        "callbacks would be refused. Add it."
    )
SERVED_OVER_HTTPS = PUBLIC_BASE_URL.startswith("https://")
# True for the embedded sandbox alone: pages then say that models and mail are stand-ins.
SANDBOX = env.bool("SANDBOX", DEBUG)
SANDBOX_MAIL_URL = env.str("SANDBOX_MAIL_URL", "")

ROOT_URLCONF = "restoration_site.urls"
WSGI_APPLICATION = "restoration_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "accounts",
    "jobs",
    "desk",
    "restoration_site",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.forms",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "django_rq",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "restoration_site.middleware.CompressedPages",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "restoration_site.middleware.MembersLanguage",
    "restoration_site.middleware.MembersTime",
    "restoration_site.middleware.RequestSizeLimit",
    "restoration_site.middleware.PrivatePages",
    "restoration_site.middleware.SignInWholePages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "restoration_site.middleware.RefusedMethods",
    "restoration_site.staff_trail.StaffTrail",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "csp.context_processors.nonce",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "restoration_site.context.site",
            ],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # templates/django/forms/field.html

# --- Truth: the database ----------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'heirloom.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a writer waits for its turn at BEGIN, so nobody reads, decides, and then finds the
    # database locked. FULL: a committed capture survives a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- Doorbells: Redis and RQ ------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
RQ_QUEUES: dict[str, dict[str, str | int]] = {
    name: {
        # A Redis that hangs must not hang a page: the sweep rings again anyway. (With a URL,
        # django-rq reads no other place for these; a worker's own are longer.)
        "URL": with_query(REDIS_URL, socket_timeout=2, socket_connect_timeout=1),
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
    for name in (QUICK, HEAVY)
}
RQ = {"COMMIT_MODE": "auto"}  # jobs.doorbell waits for the commit itself, and survives a dead Redis
# The admin would hang the same pages in under /admin/django_rq/ for everybody of the staff.
RQ_SHOW_ADMIN_LINK = False
SWEEP_INTERVAL_SECONDS = env.int("SWEEP_INTERVAL_SECONDS", 2)
# An open page asks at least once a minute (static/js/live.js): what it has shown by then is told.
TELL_AFTER_SECONDS = env.int("TELL_AFTER_SECONDS", 90)
# While more of a member's restorations are under way, so long at most: one letter for all of them.
TELL_TOGETHER_SECONDS = env.int("TELL_TOGETHER_SECONDS", 1800)
# One doorbell works this long at most, then rings again: no step starves another.
DRAIN_BUDGET_SECONDS = 20
CALLS_IN_FLIGHT = env.int("CALLS_IN_FLIGHT", 16)
LEASE_SECONDS = env.int("LEASE_SECONDS", 120)

# --- Pictures: S3 -----------------------------------------------------------------------------
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", "http://127.0.0.1:8333" if DEBUG else "") or None
# The address under which browsers and the vendor reach the same store.
S3_PUBLIC_ENDPOINT_URL = env.str("S3_PUBLIC_ENDPOINT_URL", "") or S3_ENDPOINT_URL
S3_BUCKET = env.str("S3_BUCKET", "heirloom")
AWS_ACCESS_KEY_ID = secret("AWS_ACCESS_KEY_ID", sandbox="sandbox")
AWS_SECRET_ACCESS_KEY = secret("AWS_SECRET_ACCESS_KEY", sandbox="sandbox-secret")
AWS_REGION = env.str("AWS_REGION", "us-east-1")
S3_PUBLIC_ORIGIN = (
    origin(S3_PUBLIC_ENDPOINT_URL)
    if S3_PUBLIC_ENDPOINT_URL
    else f"https://s3.{AWS_REGION}.amazonaws.com"
)
STORE_CONNECT_SECONDS = 3
STORE_READ_SECONDS = 20  # how long it may be silent
STORE_TRIES = 2
VIEW_URL_SECONDS = 3600  # a picture on a page
PREPARED_WITHIN_SECONDS = 30  # after which a page says that a photo takes longer than usual
LATE_AFTER_SECONDS = 300  # and a restoration, at the earliest (jobs.views.cards)
LIVE_SECONDS = 12 * 3600  # how long a page may ask how far its restorations are
VENDOR_URL_SECONDS = 3600  # the prepared copy, for the vendor's one download

# How long an upload may be on its way into the store before it counts as broken off. Longer than a
# call to the store takes; one that takes longer all the same is refused.
ARRIVAL_SECONDS = 600
UPLOAD_MAX_BYTES = 50 * 1024 * 1024
UPLOAD_MAX_PIXELS = 60_000_000
UPLOAD_MAX_FILES = 20
BATCH_MAX_PHOTOS = 50  # ordered with one click
ALBUMS_MAX = 200  # of one member
TRASH_DAYS = 30  # then what lies in the trash is erased
KEEP_UNTIL_NOTICE_DAYS = 7  # how long before a photo's date its member is written to
KEEP_PROMISES_EVERY_SECONDS = env.int("KEEP_PROMISES_EVERY_SECONDS", 600)
ORPHANS_EVERY_SECONDS = 86_400  # when the bucket is compared with the photos
KEEP_PROMISES_MOST = 500  # photos at a time
EXPORTS_AT_ONCE = env.int("EXPORTS_AT_ONCE", 2)  # each keeps one of the web's threads busy
WEB_THREADS = env.int("WEB_THREADS", 16)  # of each web process; the Procfile says the same
# A store that hangs leaves at least half of them to pages and callbacks.
STORE_WAITS_AT_ONCE = max(1, WEB_THREADS // 2)
DECODED_AT_ONCE = 4  # pictures in a web process's memory, up to a quarter of a gigabyte each
REQUEST_MAX_BYTES = 256 * 1024 * 1024
RESULT_MAX_BYTES = 200 * 1024 * 1024
RESULT_MAX_PIXELS = 100_000_000
RESULT_VERSIONS_MOST = 4  # pictures kept beside the result, when a vendor sends several
RESULTS_ASKED_FOR_MOST = 2  # of a job that was bought twice
PICTURE_WORK_SECONDS = 20  # one of the largest, decoded and made smaller on a busy machine
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = UPLOAD_MAX_FILES + 80  # the form says it more kindly

# --- The restoration gateway ------------------------------------------------------------------
PIXAZO_BASE_URL = env.str(
    "PIXAZO_BASE_URL", "http://127.0.0.1:8010" if DEBUG else "https://gateway.pixazo.ai"
).rstrip("/")
PIXAZO_API_KEY = secret("PIXAZO_API_KEY", sandbox="sandbox-key")
# Hosts (with port, if any) that results may be fetched from. Each must be https and public, save
# the sandbox's own, which is named here with its port and lives on loopback.
PIXAZO_OUTPUT_HOSTS = env.list(
    "PIXAZO_OUTPUT_HOSTS",
    [urlsplit(PIXAZO_BASE_URL).netloc]
    if SANDBOX
    else ["pub-582b7213209642b9b995c96c95a30381.r2.dev"],
)
# The second vendor: without a key there is no route to it. With the sandbox's own gateway
# (FAL_BASE_URL on loopback) its results and keys come from there.
FAL_KEY = env.str("FAL_KEY", "")
FAL_BASE_URL = (env.str("FAL_BASE_URL", "") or "https://queue.fal.run").rstrip("/")
FAL_OUTPUT_HOSTS = env.list("FAL_OUTPUT_HOSTS", ["v3.fal.media", "v3b.fal.media"])
FAL_JWKS_URL = env.str("FAL_JWKS_URL", "") or "https://rest.fal.ai/.well-known/jwks.json"

GATEWAY_CONNECT_SECONDS = 5
GATEWAY_READ_SECONDS = env.int("GATEWAY_READ_SECONDS", 30)
RESULT_DOWNLOAD_SECONDS = env.int("RESULT_DOWNLOAD_SECONDS", 60)
# The longest call of any step is a collect of as many pictures as we keep: the vendor's status, all
# downloads within one deadline (and a second for each after it), each stored with its preview; of
# every result that may have to be asked for.
LONGEST_CALL_SECONDS = RESULTS_ASKED_FOR_MOST * (
    GATEWAY_CONNECT_SECONDS
    + GATEWAY_READ_SECONDS
    + RESULT_DOWNLOAD_SECONDS
    + RESULT_VERSIONS_MOST
    + (1 + RESULT_VERSIONS_MOST)
    * (PICTURE_WORK_SECONDS + 2 * STORE_TRIES * (STORE_CONNECT_SECONDS + STORE_READ_SECONDS))
)
# RQ breaks a task off after this: never one whose calls are bounded and will still be recorded.
TASK_SECONDS = DRAIN_BUDGET_SECONDS + LONGEST_CALL_SECONDS + 60
for _queue in RQ_QUEUES.values():
    _queue["DEFAULT_TIMEOUT"] = TASK_SECONDS
CALLBACK_MAX_BYTES = 64 * 1024
CALLBACKS_KEPT = 50  # of an attempt, whole; of what comes after, those that move its job
# Of callbacks to addresses that we never gave, which anybody can send: so much of each, so many.
FORGED_KEPT_BYTES = 2 * 1024
FORGED_KEPT_AN_HOUR = 100
FORGED_KEPT = 1000
POLL_FIRST_SECONDS = env.int("POLL_FIRST_SECONDS", 8)  # Pixazo: "every 5-10 seconds"
POLL_MOST_SECONDS = env.int("POLL_MOST_SECONDS", 300)
GATEWAY_DEADLINE_SECONDS = env.int(
    "GATEWAY_DEADLINE_SECONDS", 3600
)  # after this an unanswered job ends in ERROR, uncharged
# When the vendor does not let us ask (our key, too many requests), its silence is no answer and the
# deadlines above wait; so does a picture that our own S3 does not take. But nobody's job, and
# nobody's charge without a picture, longer than this.
GATEWAY_LAST_DEADLINE_SECONDS = 86_400
UNKNOWN_DEADLINE_SECONDS = env.int(
    "UNKNOWN_DEADLINE_SECONDS", 120
)  # how long we wait to learn whether a submission was accepted
STOPS_A_DAY = 10  # how often a member may stop waiting for what the house may have to pay
RETRY_FIRST_SECONDS = env.int("RETRY_FIRST_SECONDS", 5)
RETRY_MOST_SECONDS = env.int("RETRY_MOST_SECONDS", 600)
STEP_MOST_TRIES = 8
# A vendor that refused our account (402, 401, 403) gets one job now and then, ever more rarely. The
# first pause is longer than a submission can take.
PROBE_FIRST_SECONDS = env.int("PROBE_FIRST_SECONDS", 60)
PROBE_MOST_SECONDS = env.int("PROBE_MOST_SECONDS", 1800)
WAIT_SPREAD_SECONDS = env.int(
    "WAIT_SPREAD_SECONDS", 15
)  # over which those come back whom a 429 sent away

# --- People -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "gallery"
LOGOUT_REDIRECT_URL = "front"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_RATE_LIMITS = {"signup": f"{env.int('SIGNUPS_A_MINUTE', 20)}/m/ip"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SERVED_OVER_HTTPS else "http"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Heirloom"

vars().update(env.dj_email_url("EMAIL_URL", secret("EMAIL_URL", sandbox="console:")))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Heirloom <hello@heirloom.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10

# --- Reviewers --------------------------------------------------------------------------------
# Two different people must approve a picture of a child.
CHILDREN_NEED_TWO_REVIEWERS = env.bool("CHILDREN_NEED_TWO_REVIEWERS", True)
REVIEW_CLAIM_SECONDS = 600  # how long one reviewer has an item in hand without doing anything
LINKS_TO_A_PHOTO = 20  # that work at the same time
LINK_VIEWS_A_MINUTE = 120  # of one link; then it says: slower, please
LINK_URL_SECONDS = 300  # a picture that a link shows; an address outlives its link by no more
REVIEW_URL_SECONDS = 300  # a picture that a reviewer has opened

# --- Money (integer micro-dollars) ------------------------------------------------------------
QUOTE_VALID_SECONDS = 3600  # a price that a page showed holds this long, whatever is published
USAGE_MAX_BYTES = 20 * 1024 * 1024  # a usage export of the vendor's
USAGE_MAX_LINES = 100_000
USAGE_MAX_DAYS = 92
DEMO_CREDIT_MICROS = 5_000_000
# What one member of staff may refund or adjust for one member within a day without a second person.
STAFF_ALONE_MICROS = env.int("STAFF_ALONE_MICROS", 20_000_000)
# A present with a member's first payment by card, at most as much as the payment; 0 is none.
FIRST_PAYMENT_BONUS_MICROS = env.int("FIRST_PAYMENT_BONUS_MICROS", 5_000_000)

# --- Paying by card: Stripe, or the sandbox's stand-in at STRIPE_API_BASE -----------------------
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", "")
if bool(STRIPE_SECRET_KEY) != bool(STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured(
        "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET belong together: set both to take cards, or "
        "neither."
    )
STRIPE_API_BASE = (env.str("STRIPE_API_BASE", "") or "https://api.stripe.com").rstrip("/")
# Where the page is on which a card is typed in: our form leads there, so the browser must be told.
STRIPE_CHECKOUT_ORIGIN = env.str("STRIPE_CHECKOUT_ORIGIN", "") or "https://checkout.stripe.com"
TOP_UP_PRESETS_MICROS = (5_000_000, 10_000_000, 20_000_000, 50_000_000)
TOP_UP_LEAST_MICROS = 5_000_000
TOP_UP_MOST_MICROS = 500_000_000
TOP_UPS_OPEN_AT_ONCE = 20
CHECKOUT_SECONDS = 2 * 3600  # Stripe allows from half an hour to a day
CARDS_CONNECT_SECONDS = 5
CARDS_READ_SECONDS = 15
CARDS_RETRIES = 1
CARD_EVENT_MAX_BYTES = 512 * 1024
CARD_EVENT_TOLERANCE_SECONDS = 300  # an older signature is a replay (Stripe's own default)
CARD_EVENT_PATIENCE_SECONDS = 86_400  # how long an event may come before its payment is known
LOOK_AGAIN_EVERY_SECONDS = env.int("LOOK_AGAIN_EVERY_SECONDS", 600)
LOOK_AGAIN_AFTER_SECONDS = env.int("LOOK_AGAIN_AFTER_SECONDS", 900)
LOOK_AGAIN_MOST = 50


# --- Who answers for what members entrust: named on every consent's receipt --------------------
def named(name: str, *, sandbox: str) -> str:
    """The environment's value; the sandbox's own only in the sandbox.

    Raises ImproperlyConfigured with the variable's name.
    """
    value: str = env.str(name, "")
    if value or SANDBOX:
        return value or sandbox
    raise ImproperlyConfigured(f"{name} is not set, and SANDBOX is off. Set it (see .env.example).")


CONTROLLER_NAME = named("CONTROLLER_NAME", sandbox="Heirloom (sandbox)")
CONTROLLER_ADDRESS = named("CONTROLLER_ADDRESS", sandbox="1 Sandbox Street, Nowhere")
CONTROLLER_EMAIL = named("CONTROLLER_EMAIL", sandbox="privacy@heirloom.example")
CONTROLLER_COUNTRY = named("CONTROLLER_COUNTRY", sandbox="none: a sandbox")
STORAGE_LOCATION = named("STORAGE_LOCATION", sandbox="this machine")

# --- Provenance: restored pictures carry a signed C2PA manifest --------------------------------
# PEM files: the certificate with its chain (leaf first), and its P-256 key. Without both, pictures
# are labelled (XMP) but not sealed.
C2PA_CERTIFICATES_FILE = env.path("C2PA_CERTIFICATES_FILE", None)
C2PA_PRIVATE_KEY_FILE = env.path("C2PA_PRIVATE_KEY_FILE", None)
if bool(C2PA_CERTIFICATES_FILE) != bool(C2PA_PRIVATE_KEY_FILE):
    raise ImproperlyConfigured(
        "C2PA_CERTIFICATES_FILE and C2PA_PRIVATE_KEY_FILE belong together: set both or neither."
    )

# --- Words, times, static files ---------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = SERVED_OVER_HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
MEDIA_ROOT = VAR_DIR / "unused-media"  # pictures live in S3 alone; nothing writes here

# --- Safety -----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:", S3_PUBLIC_ORIGIN],
        "connect-src": [SELF, S3_PUBLIC_ORIGIN],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF, STRIPE_CHECKOUT_ORIGIN] if STRIPE_SECRET_KEY else [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_SSL_REDIRECT = SERVED_OVER_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SERVED_OVER_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SERVED_OVER_HTTPS
SECURE_HSTS_PRELOAD = SERVED_OVER_HTTPS
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_SECURE = SERVED_OVER_HTTPS
CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        # httpx writes whole addresses, presigned ones too; those are secrets.
        "httpx": {"level": "WARNING"},
        "rq.worker": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        # A stranger's 403, 404 or wrong Host is no news; our own 500 is.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
    },
}
