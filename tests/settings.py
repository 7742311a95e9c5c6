"""The site's settings, made quick and harmless for tests."""

from restoration_site.settings import *  # noqa: F403
from restoration_site.settings import DATABASES, VAR_DIR

SANDBOX = True
TELL_AFTER_SECONDS = 0  # a test of who is told says otherwise
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A file, so that threads of one test see one database, as processes do.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
else:  # the same: no commit waits for the disk
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
# Amazon's own names: moto answers for them inside the process.
S3_ENDPOINT_URL = None
S3_PUBLIC_ENDPOINT_URL = None
S3_BUCKET = "heirloom-test"
PUBLIC_BASE_URL = "http://testserver"
PIXAZO_BASE_URL = "https://gateway.test"
PIXAZO_OUTPUT_HOSTS = ["cdn.test"]
FAL_KEY = ""  # a test of the second vendor says so
STRIPE_SECRET_KEY = ""  # a test that pays by card says so (tests/accounts/conftest.py)
STRIPE_WEBHOOK_SECRET = ""
STRIPE_API_BASE = "https://cards.test"
WHITENOISE_AUTOREFRESH = True  # nothing is collected here
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
