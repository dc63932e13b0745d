"""
The environment, read once into frozen settings. Nothing else reads environment variables.

Each variable may be given as a file's path with the suffix `_FILE`, as container secrets are.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

SHORTAPI_URL = "https://api.shortapi.ai"
RUNPOD_URL = "https://api.runpod.ai"
DATABASE = "sqlite:///farebox.db"
PORT = 8080
ADMIN_KEY_MIN = 16
"""Characters: shorter ones can be guessed."""
WEBHOOK_SECRET_BYTES = 24, 64
"""Source: Standard Webhooks 1.0.0, "Signature scheme"."""


class BadSetting(Exception):
    """A variable or option has a value that cannot be meant; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """Where a provider is, and our credential there."""

    url: str
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `serve` needs to know."""

    providers: Mapping[str, ProviderSettings]
    """By the provider's name in the price book."""
    policy: Path | None = None
    """None: the shipped cheapest-first."""
    database: str = DATABASE
    host: str = "127.0.0.1"
    port: int = PORT
    workers: int = 1
    public_url: str | None = None
    """Where providers and clients reach this router."""
    log: str | None = None
    """`text`, `json`, or None: text on a terminal."""
    admin_key: str | None = field(default=None, repr=False)
    alert_secret: bytes | None = field(default=None, repr=False)
    """What alerts are signed with; None: a secret of the ledger's own."""
    archive: str | None = None
    """Where results are kept, as `s3://bucket/prefix`; None: in a folder beside the database."""
    fetch_allow: tuple[str, ...] = ()
    """Hosts and networks that may be fetched from although they are private."""
    egress_proxy: str | None = None

    @property
    def database_path(self) -> Path:
        """
        The SQLite file.

        Raises:
            BadSetting: It is another kind of database.
        """
        scheme, _, path = self.database.partition(":///")
        if scheme.startswith("postgres"):
            raise BadSetting(
                "PostgreSQL is proved by the contract tests but not served yet: "
                "use --database sqlite:///farebox.db"
            )
        if scheme != "sqlite" or not path:
            raise BadSetting(f"--database {self.database!r} is not sqlite:///PATH")
        return Path(path)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """
    Read settings from environment variables.

    Raises:
        BadSetting: A value cannot be meant, or a `_FILE` cannot be read.
    """
    read = _Reader(environment)
    policy = read.text("FAREBOX_POLICY")
    allow = read.text("FAREBOX_FETCH_ALLOW") or ""
    return Settings(
        providers={
            "shortapi": ProviderSettings(
                url=read.url("FAREBOX_SHORTAPI_URL") or SHORTAPI_URL, key=read.key("SHORTAPI_KEY")
            ),
            "runpod": ProviderSettings(
                url=read.url("FAREBOX_RUNPOD_URL") or RUNPOD_URL, key=read.key("RUNPOD_API_KEY")
            ),
        },
        policy=Path(policy) if policy else None,
        database=read.text("FAREBOX_DATABASE") or DATABASE,
        host=read.text("FAREBOX_HOST") or "127.0.0.1",
        port=read.whole("FAREBOX_PORT", PORT),
        workers=read.whole("FAREBOX_WORKERS", 1),
        public_url=read.url("FAREBOX_PUBLIC_URL"),
        log=read.one_of("FAREBOX_LOG", ("text", "json")),
        admin_key=read.key("FAREBOX_ADMIN_KEY", ADMIN_KEY_MIN),
        alert_secret=read.webhook_secret("FAREBOX_ALERT_SECRET"),
        archive=read.text("FAREBOX_ARCHIVE"),
        fetch_allow=tuple(part.strip() for part in allow.split(",") if part.strip()),
        egress_proxy=read.url("FAREBOX_EGRESS_PROXY"),
    )


def read_variable(environment: Mapping[str, str], name: str) -> str | None:
    """
    Read one variable, or the file that it is in; None when it is absent or empty.

    Raises:
        BadSetting: Both are given, or the file cannot be read, or is empty.
    """
    return _Reader(environment).text(name)


class _Reader:
    """Reads single variables; a problem names the variable."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str | None:
        """The value; None when it is absent or empty."""
        file = self._environment.get(f"{name}_FILE")
        if not file:
            return self._environment.get(name) or None
        if self._environment.get(name):
            raise BadSetting(f"{name} and {name}_FILE are both set: set one of them")
        try:
            text = Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{name}_FILE cannot be read: {type(error).__name__}") from error
        if not text:
            raise BadSetting(f"{name}_FILE names a file that is empty")
        return text

    def key(self, name: str, characters_min: int = 0) -> str | None:
        """A credential as it can stand in a header; what is wrong with it is told without it."""
        text = self.text(name)
        if text is not None and not all("!" <= character <= "~" for character in text):
            raise BadSetting(
                f"{name} must be printable ASCII without spaces or line breaks: "
                "was more than the key copied?"
            )
        if text is not None and len(text) < characters_min:
            raise BadSetting(
                f"{name} must have at least {characters_min} characters that nobody can guess, "
                "as `openssl rand -hex 32` makes them"
            )
        return text

    def webhook_secret(self, name: str) -> bytes | None:
        """A secret of Standard Webhooks: 24 to 64 bytes, as receivers' libraries take them."""
        text = self.key(name)
        if text is None:
            return None
        try:
            secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except ValueError:
            secret = b""
        shortest, longest = WEBHOOK_SECRET_BYTES
        if not text.startswith("whsec_") or not shortest <= len(secret) <= longest:
            raise BadSetting(
                f"{name} must be whsec_ and {shortest} to {longest} random bytes in base64: "
                'as `echo "whsec_$(openssl rand -base64 32)"` makes it'
            )
        return secret

    def url(self, name: str) -> str | None:
        """An http or https base, without a slash at its end; told without it, for its password."""
        text = self.text(name)
        if text is None:
            return None
        if not _is_url(text):
            raise BadSetting(
                f"{name} must be an http or https URL with a host, as https://host.example"
            )
        return text.rstrip("/")

    def whole(self, name: str, default: int) -> int:
        """A whole number."""
        text = self.text(name)
        if text is None:
            return default
        if not text.isdecimal():
            raise BadSetting(f"{name} must be a whole number, not {text!r}")
        return int(text)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of a few words."""
        text = self.text(name)
        if text is not None and text not in choices:
            raise BadSetting(f"{name} must be {' or '.join(choices)}, not {text!r}")
        return text


def _is_url(text: str) -> bool:
    # The parser drops line breaks silently, so they are looked for first.
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
