"""All settings of the product. Only this module reads the environment and ``.env``.

docs/settings.md describes them; a test compares the two.
"""

import os
import socket
from pathlib import Path
from typing import Any

import dj_database_url
from dotenv import dotenv_values
from environs import Env, EnvError, validate

from .hosts import PRIVATE_NETWORKS, own_hosts
from .private_files import keep_from_others, own_secret_key
from .secret_files import secret

BASE_DIR = Path(__file__).resolve().parent.parent


def _env_file(name: str) -> Path | None:
    """Return the file to read settings from, or None.

    :param name: its path relative to the project; '' for no file.
    :raises EnvError: if ``VOICEDEMO_ENV_FILE`` names a file that does not exist.
    """
    path = BASE_DIR / name
    if name and path.is_file():
        return path
    if name and "VOICEDEMO_ENV_FILE" in os.environ:
        raise EnvError(f"VOICEDEMO_ENV_FILE: there is no file {path}. Correct or unset it.")
    return None


env = Env()
ENV_FILE = _env_file(env.str("VOICEDEMO_ENV_FILE", ".env"))
ENV_FILE_NAMES: frozenset[str] = frozenset()
"""The names that the file sets. Where the environment sets one too, the environment wins."""
if ENV_FILE:
    env.read_env(ENV_FILE, recurse=False)
    ENV_FILE_NAMES = frozenset(dotenv_values(ENV_FILE))

VAR_DIR = Path(env.str("VOICEDEMO_VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = secret(env, "SECRET_KEY", BASE_DIR)
SECRET_KEY_IS_OWN = not SECRET_KEY
"""It was made here, so other machines do not have it (voicedemo/checks.py)."""
if SECRET_KEY_IS_OWN:
    SECRET_KEY = own_secret_key(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = secret(env, "SECRET_KEY_FALLBACKS", BASE_DIR).replace(",", " ").split()
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", own_hosts())

PORT = env.int("PORT", 8000, validate=validate.Range(0, 65535))
VOICEDEMO_BIND = env.str("VOICEDEMO_BIND", "::" if socket.has_dualstack_ipv6() else "0.0.0.0")

VOICEDEMO_PUBLIC_URL = env.str("VOICEDEMO_PUBLIC_URL", "")
VOICEDEMO_PROXIES = env.int("VOICEDEMO_PROXIES", 0, validate=validate.Range(min=0))
VOICEDEMO_PROXY_ADDRESSES: list[str] = env.list("VOICEDEMO_PROXY_ADDRESSES", list(PRIVATE_NETWORKS))
VOICEDEMO_METRICS_FROM: list[str] = env.list("VOICEDEMO_METRICS_FROM", list(PRIVATE_NETWORKS))
VOICEDEMO_WORKER_METRICS_PORT = env.int(
    "VOICEDEMO_WORKER_METRICS_PORT", 0, validate=validate.Range(0, 65535)
)
VOICEDEMO_WORKER_METRICS_BIND = env.str("VOICEDEMO_WORKER_METRICS_BIND", "127.0.0.1")

VOICEDEMO_STUN_URLS: list[str] = env.list(
    "VOICEDEMO_STUN_URLS", ["stun:stun.l.google.com:19302", "stun:stun.cloudflare.com:3478"]
)
STUN_IS_DEFAULT = "VOICEDEMO_STUN_URLS" not in ENV_FILE_NAMES.union(os.environ)
VOICEDEMO_ICE_PROVIDERS: list[str] = env.list("VOICEDEMO_ICE_PROVIDERS", [])
VOICEDEMO_TURN_URLS: list[str] = env.list("VOICEDEMO_TURN_URLS", [])
VOICEDEMO_TURN_USERNAME = env.str("VOICEDEMO_TURN_USERNAME", "")
VOICEDEMO_TURN_CREDENTIAL = secret(env, "VOICEDEMO_TURN_CREDENTIAL", BASE_DIR)
VOICEDEMO_COTURN_URLS: list[str] = env.list("VOICEDEMO_COTURN_URLS", [])
VOICEDEMO_COTURN_SECRET = secret(env, "VOICEDEMO_COTURN_SECRET", BASE_DIR)
VOICEDEMO_CLOUDFLARE_KEY_ID = env.str("VOICEDEMO_CLOUDFLARE_KEY_ID", "")
VOICEDEMO_CLOUDFLARE_TOKEN = secret(env, "VOICEDEMO_CLOUDFLARE_TOKEN", BASE_DIR)
VOICEDEMO_TWILIO_ACCOUNT_SID = env.str("VOICEDEMO_TWILIO_ACCOUNT_SID", "")
VOICEDEMO_TWILIO_KEY_SID = env.str("VOICEDEMO_TWILIO_KEY_SID", "")
VOICEDEMO_TWILIO_SECRET = secret(env, "VOICEDEMO_TWILIO_SECRET", BASE_DIR)
VOICEDEMO_METERED_APP = env.str("VOICEDEMO_METERED_APP", "")
VOICEDEMO_METERED_SECRET_KEY = secret(env, "VOICEDEMO_METERED_SECRET_KEY", BASE_DIR)
VOICEDEMO_XIRSYS_CHANNEL = env.str("VOICEDEMO_XIRSYS_CHANNEL", "")
VOICEDEMO_XIRSYS_IDENT = env.str("VOICEDEMO_XIRSYS_IDENT", "")
VOICEDEMO_XIRSYS_SECRET = secret(env, "VOICEDEMO_XIRSYS_SECRET", BASE_DIR)
VOICEDEMO_TURN_PRICE_PER_GB = env.float("VOICEDEMO_TURN_PRICE_PER_GB", 0.05)
VOICEDEMO_TURN_REGION: list[str] = env.list("VOICEDEMO_TURN_REGION", [])
VOICEDEMO_TURN_TTL_S = env.int("VOICEDEMO_TURN_TTL_S", 2700, validate=validate.Range(30, 86_400))
VOICEDEMO_TURN_PER_DAY = env.int("VOICEDEMO_TURN_PER_DAY", 10_000, validate=validate.Range(min=0))
VOICEDEMO_TURN_PER_NETWORK_DAY = env.int(
    "VOICEDEMO_TURN_PER_NETWORK_DAY", 2_000, validate=validate.Range(min=0)
)

VOICEDEMO_MEDIA_PORT = env.int("VOICEDEMO_MEDIA_PORT", 0, validate=validate.Range(0, 65535))
VOICEDEMO_PUBLIC_IPS: list[str] = env.list("VOICEDEMO_PUBLIC_IPS", [])
VOICEDEMO_PORT_PER_WORKER = env.bool("VOICEDEMO_PORT_PER_WORKER", False)
VOICEDEMO_PORT_PER_CALL = env.bool("VOICEDEMO_PORT_PER_CALL", False)
VOICEDEMO_ICE_ROLE = env.str(
    "VOICEDEMO_ICE_ROLE", "controlling", validate=validate.OneOf(["controlling", "controlled"])
)

VOICEDEMO_MAX_CALLS = env.int("VOICEDEMO_MAX_CALLS", 50, validate=validate.Range(min=0))
VOICEDEMO_MAX_WAITING = env.int("VOICEDEMO_MAX_WAITING", 50, validate=validate.Range(min=0))
VOICEDEMO_WORKER_CALLS = env.int("VOICEDEMO_WORKER_CALLS", 0, validate=validate.Range(min=0))
VOICEDEMO_DRAIN_S = env.int("VOICEDEMO_DRAIN_S", 60, validate=validate.Range(min=0))
VOICEDEMO_MAX_CALL_S = env.int("VOICEDEMO_MAX_CALL_S", 1800, validate=validate.Range(min=1))
VOICEDEMO_KEEP_DAYS = env.int("VOICEDEMO_KEEP_DAYS", 30, validate=validate.Range(1, 36_500))
VOICEDEMO_HEARTBEAT_S = env.float("VOICEDEMO_HEARTBEAT_S", 20, validate=validate.Range(min=0.1))
VOICEDEMO_LIVENESS_S = env.float("VOICEDEMO_LIVENESS_S", 40, validate=validate.Range(min=0.2))
VOICEDEMO_GREETING = env.str(
    "VOICEDEMO_GREETING",
    "Hello! I am the voice demo. Please say something, and I will repeat it back to you.",
)

VOICEDEMO_NAME = env.str("VOICEDEMO_NAME", "")
VOICEDEMO_TAGLINE = env.str("VOICEDEMO_TAGLINE", "")
VOICEDEMO_LOGO = env.str("VOICEDEMO_LOGO", "")
VOICEDEMO_COLOR = env.str("VOICEDEMO_COLOR", "#1f6f5c")
VOICEDEMO_COLOR_DARK = env.str("VOICEDEMO_COLOR_DARK", "#57c4a5")
VOICEDEMO_BOT_COLOR = env.str("VOICEDEMO_BOT_COLOR", "#b4541f")
VOICEDEMO_BOT_COLOR_DARK = env.str("VOICEDEMO_BOT_COLOR_DARK", "#f0a06a")
VOICEDEMO_CONTACT_URL = env.str("VOICEDEMO_CONTACT_URL", "")
VOICEDEMO_CONTACT_LABEL = env.str("VOICEDEMO_CONTACT_LABEL", "Get in touch")

VOICEDEMO_BOT = env.str("VOICEDEMO_BOT", "")
VOICEDEMO_BOT_LANGUAGE = env.str("VOICEDEMO_BOT_LANGUAGE", "en")

# Set by `manage.py phone` only: the URL to open on a phone, and the authority it has to trust.
PHONE_URL: str | None = None
PHONE_AUTHORITY: Path | None = None

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "channels",
    "calls",
    "voicedemo",
]

MIDDLEWARE = [
    "pages.render.headers.page_headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
]

ROOT_URLCONF = "voicedemo.urls"
ASGI_APPLICATION = "voicedemo.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
    }
]

DATABASE_URL = secret(env, "DATABASE_URL", BASE_DIR) or f"sqlite:///{VAR_DIR / 'db.sqlite3'}"
DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    keep_from_others(Path(DATABASES["default"]["NAME"]))
    # WAL lets the pages read while a call writes; IMMEDIATE makes two writers queue instead of
    # one of them failing with "database is locked" when a read turns into a write. A writer waits
    # 3 s for the others: they take milliseconds, so it is not a queue that takes longer.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 3,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # Whoever waits for the server, or for another's lock, waits as long as on SQLite. A request has
    # a thread of its own, so a connection that it leaves open is of use to nobody
    # (calls/database.py keeps those that are used again).
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 3,
        "options": "-c lock_timeout=3000",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = secret(env, "REDIS_URL", BASE_DIR)

# The capacity is per channel. A worker's channel carries the candidates of all its calls, and over
# Redis one channel carries what all sockets of a process are sent.
CHANNEL_CAPACITY = 10_000
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels.layers.InMemoryChannelLayer",
        "CONFIG": {"capacity": CHANNEL_CAPACITY},
    }
}
if REDIS_URL:
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "fleet.layer.RedisLayer",
        "CONFIG": {
            # A reader waits 5 s for a message and then asks again, so an answer takes longer.
            "hosts": [{"address": REDIS_URL, "socket_timeout": 10, "socket_connect_timeout": 2}],
            "capacity": CHANNEL_CAPACITY,
            "prefix": "voicedemo",
        },
    }

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "voicedemo.storage.PageStaticFilesStorage"
    },
}

LANGUAGES = [(code, code) for code in ("en", "de", "es", "fr", "ja")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]

USE_TZ = True
TIME_ZONE = "UTC"
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if VOICEDEMO_PUBLIC_URL.startswith("https://") else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # CSRF protection: no request is authenticated by a cookie, and none is set
    "security.W005",  # HSTS for subdomains: those are not ours to decide about
    "security.W008",  # redirects to HTTPS: the proxy makes them, and asks us over plain HTTP
    "security.W021",  # the browsers' preload list: likewise
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "voicedemo.json_log.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": env.str(
                "VOICEDEMO_LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"])
            ),
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "voicedemo": {"level": env.str("VOICEDEMO_LOG_LEVEL", "INFO")},
        # At INFO aioice writes one line per connectivity check.
        "aioice": {"level": "WARNING"},
        "aiortc": {"level": "WARNING"},
        # Their lines contain whole URLs and headers. Some providers expect a secret in those.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Anybody can send requests that are refused with 4xx, and each would write a line...
        "django.request": {"level": "ERROR"},
        # ...or a traceback: with a Host that is not ours, or with very many parameters.
        "django.security": {"level": "CRITICAL"},
    },
}

# Any other VOICEDEMO_ name that is set is a typing error: voicedemo/checks.py warns about it.
ENVIRONMENT_READ = frozenset(env.dump())
