"""Settings: one tree, environment prefix ``TOCSIN_``, ``_FILE`` for secrets, every bad field listed at once."""

import os
import socket
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import DirectoryPath, Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.runtime.errors import SettingsError
from services.runtime.sms_gateway.gateway_file import Gateway, load_gateway
from services.runtime.sms_gateway.signature import Credentials

PREFIX = "TOCSIN_"
SHORTEST_KEY = 32
"""Characters: 128 bits when they are hexadecimal digits."""

_RATE = r"[a-z0-9-]+=(\d*[1-9]\d*(\.\d+)?|0?\.\d*[1-9]\d*)"
"""A provider and its messages a second, more than none."""

_ROUTE = r"\+\d{0,15}=[a-z0-9-]+"


class Settings(BaseSettings):
    """Everything that can be set. Each field is one environment variable, ``TOCSIN_`` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    kafka_bootstrap_servers: str | None = Field(
        default=None, description="Kafka brokers, `host:port,host:port`. Unset: `tocsin up` starts one of its own."
    )
    database_url: str | None = Field(
        default=None,
        description="`postgresql+psycopg://…` or `sqlite+aiosqlite:///path`. Unset: SQLite in the data folder.",
    )
    data_dir: Path = Field(default=Path("var"), description="Where the database, the local broker and outbox live.")
    directory: Path | None = Field(default=None, description="The directory file (YAML): units, people, rosters.")
    policies: Path | None = Field(
        default=None, description="A folder of policies (YAML) instead of the built-in library."
    )
    reachability: FilePath | None = Field(
        default=None,
        description="A plan (YAML) of when people are asked whether messages reach them, instead of the built-in one.",
    )
    schedules: Path | None = Field(
        default=None, description="A folder of schedules of roll calls (YAML) instead of the built-in one."
    )
    templates: DirectoryPath | None = Field(
        default=None,
        description="A folder of message templates (`sms.zh.j2`, …) that go before the built-in ones of the same name.",
    )

    http_host: str = Field(default="127.0.0.1", description="Address the intake listens on.")
    http_port: int = Field(default=8080, ge=1, le=65535, description="Port the intake listens on.")

    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="Where providers reach the intake from outside, such as `https://tocsin.example.org`: receipts and "
        "answers come there, each signature covers it, and messages have a link to answer by. Unset: none are asked "
        "for.",
    )
    answer_link_hours: float = Field(
        default=72.0,
        ge=1,
        le=720,
        description="How long the link of a message may be used to answer it; until its deadline, if that is later.",
    )
    sms_links: bool = Field(
        default=True,
        description="Put that link into SMS, too, where the provider brings them; `0` where two more segments cost too "
        "much. The code is in every message.",
    )
    health_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port for /health and /metrics of a service that has no HTTP of its own.",
    )
    twilio_account_sid: str | None = Field(
        default=None, description="Twilio account. Unset: SMS go to the local outbox."
    )
    twilio_auth_token: SecretStr | None = Field(default=None, description="Twilio auth token.")
    twilio_from: str | None = Field(default=None, description="Sender number (E.164) or messaging service sid (MG…).")
    twilio_voice_from: str | None = Field(
        default=None, description="Number that calls (E.164). Unset: TOCSIN_TWILIO_FROM, when that is a number."
    )
    twilio_base_url: str = Field(default="https://api.twilio.com", description="Twilio's API, or a stand-in for tests.")
    sms_gateway: Path | None = Field(
        default=None,
        description="A file (YAML) that describes a gateway which takes templates instead of texts "
        "(docs/sms-gateway.md). Unset: there is none.",
    )
    sms_gateway_access_key: str | None = Field(default=None, description="Its access key.")
    sms_gateway_secret: SecretStr | None = Field(
        default=None, description="What requests and receipts are signed with."
    )
    sms_routes: str = Field(
        default="+86=sms-gateway",
        pattern=rf"^({_ROUTE}(,{_ROUTE})*)?$",
        description="Which provider is asked first for numbers that begin so, such as `+86=sms-gateway,+1=twilio`.",
    )
    provider_timeout_seconds: float = Field(default=10.0, gt=0, le=120, description="Longest wait for a provider.")
    handover_patience_seconds: float = Field(
        default=15.0,
        ge=1,
        le=300,
        description="How long no provider may have an escalation or reminder until another way is tried, too.",
    )
    provider_rates: str = Field(
        default="",
        pattern=rf"^({_RATE}(,{_RATE})*)?$",
        description="Most messages a second by provider, such as `twilio=10,smtp=50`; one not named has no limit.",
    )
    bulk_messages_per_second: float = Field(
        default=100.0,
        gt=0,
        le=10_000,
        description="Most bulk messages a second of one process: a notice to thousands leaves the rest to alerts.",
    )
    recipient_messages_per_minute: float = Field(
        default=20.0,
        gt=0,
        le=600,
        description="Most reminders and bulk messages to one contact; an escalation is never held back.",
    )
    breaker_failures: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="So many messages in a row that a provider does not take, and the channel's next is asked first.",
    )
    breaker_open_seconds: float = Field(
        default=15.0, gt=0, le=600, description="How often such a provider is given a message to see if it works again."
    )

    smtp_host: str | None = Field(default=None, description="Mail server. Unset: email goes to the local outbox.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_username: str | None = Field(default=None, description="Login, if the server asks for one.")
    smtp_password: SecretStr | None = Field(default=None, description="Its password.")
    smtp_from: str = Field(default="tocsin@example.org", description="Sender address of every email.")
    smtp_starttls: bool = Field(default=True, description="Upgrade the connection with STARTTLS before anything else.")

    bounce_domain: str | None = Field(
        default=None,
        max_length=180,
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$",
        description="Domain whose mail arrives at TOCSIN_BOUNCE_PORT, such as `bounces.example.org`: what cannot be "
        "delivered returns to an address there, one for each email. Unset: to TOCSIN_SMTP_FROM, unread. Leave it unset "
        "where the mail server takes no other sender than its login.",
    )
    bounce_host: str = Field(default="127.0.0.1", description="Address on which the intake listens for such mail.")
    bounce_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port on which the intake listens for it (SMTP). Unset: it does not."
    )

    webhook_key: SecretStr | None = Field(
        default=None,
        description="Key of what webhooks are signed with, 32 characters or more; several with commas: each signs. "
        "Unset: webhooks go to the local outbox.",
    )
    webhook_networks: str = Field(
        default="",
        description="Private networks that webhooks may call, such as `10.20.0.0/16`; with `127.0.0.0/8` also plain "
        "http on this machine.",
    )

    chat_targets: Path | None = Field(
        default=None,
        description="A file (YAML) with the address of each chat, by name (docs/chat.md); read by the notifier alone. "
        "Unset: chats go to the local outbox.",
    )
    chat_schemes: str = Field(
        default="wecombot,dingtalk,feishu,lark,slack,workflow,mmosts,rockets,zulip,matrixs,ntfys",
        pattern=r"^[a-z0-9]+(,[a-z0-9]+)*$",
        description="Which kinds of chat may stand there, by the scheme of apprise.",
    )

    speed: float = Field(default=1.0, gt=0, le=3600, description="A demo clock N times faster, in every service.")
    demo: bool = Field(default=False, description="`1` allows TOCSIN_SPEED other than 1.")

    secret_key: SecretStr | None = Field(
        default=None,
        description="Key of acknowledgement codes, of links and of addresses for bounces: the same on every machine. "
        "Unset: made once, kept in the data folder.",
    )
    seal_key: SecretStr | None = Field(
        default=None,
        description="Key that seals who petitions, 32 characters or more; several with commas: the first seals, all "
        "open. Unset: made once, kept in the data folder. Lost, nothing sealed can be read.",
    )
    topic_prefix: str = Field(
        default="tocsin.", pattern=r"^[a-z0-9._-]{1,60}$", description="Before each topic's name, for a shared cluster."
    )
    create_topics: bool = Field(default=True, description="Create missing topics; `0` where an administrator does.")
    replication_factor: int = Field(default=1, ge=1, le=9, description="Replicas of a created topic.")
    worker_id: str = Field(
        default_factory=socket.gethostname,
        min_length=1,
        max_length=100,
        description="Name of this process among its kind; must differ between two workers of one service.",
    )
    lease_seconds: float = Field(default=5.0, ge=1, le=60, description="How long a silent worker keeps its partitions.")
    horizon_seconds: float = Field(default=600.0, ge=1, description="Deadlines nearer than this are held in memory.")
    session_timeout_seconds: float = Field(default=10.0, ge=6, le=120, description="Kafka's patience with a worker.")
    max_body_bytes: int = Field(default=65_536, ge=1_024, le=1_048_576, description="Largest accepted HTTP body.")
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then ``TOCSIN_<NAME>_FILE``."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _FileSource(settings_cls)

    @model_validator(mode="after")
    def _refuse_fast_clock_outside_demo(self) -> "Settings":
        if self.speed != 1 and not self.demo:
            raise ValueError("TOCSIN_SPEED moves every deadline; it is refused without TOCSIN_DEMO=1")
        return self

    @model_validator(mode="after")
    def _twilio_is_whole(self) -> "Settings":
        given = [self.twilio_account_sid, self.twilio_auth_token, self.twilio_from]
        if any(given) and not all(given):
            raise ValueError("Twilio needs all of TOCSIN_TWILIO_ACCOUNT_SID, _AUTH_TOKEN and _FROM")
        return self

    @model_validator(mode="after")
    def _bounces_have_a_domain(self) -> "Settings":
        if self.bounce_port is not None and self.bounce_domain is None:
            raise ValueError("TOCSIN_BOUNCE_PORT needs TOCSIN_BOUNCE_DOMAIN: whose mail is taken there")
        return self

    @model_validator(mode="after")
    def _gateway_is_whole(self) -> "Settings":
        given = [self.sms_gateway, self.sms_gateway_access_key, self.sms_gateway_secret]
        if any(given) and not all(given):
            raise ValueError("the SMS gateway needs all of TOCSIN_SMS_GATEWAY, _ACCESS_KEY and _SECRET")
        if self.sms_gateway is not None:
            try:
                load_gateway(self.sms_gateway)
            except ValueError as error:
                raise ValueError(f"TOCSIN_SMS_GATEWAY: {error}") from error
        return self

    @model_validator(mode="after")
    def _keys_are_long_enough(self) -> "Settings":
        for name, secret in (("SEAL", self.seal_key), ("WEBHOOK", self.webhook_key)):
            if any(len(key) < SHORTEST_KEY for key in _keys_of(secret)):
                raise ValueError(f"TOCSIN_{name}_KEY: each key needs {SHORTEST_KEY} characters or more")
        return self

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks_of(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str | None) -> str | None:
        return None if value is None else value.rstrip("/")

    @property
    def voice_from(self) -> str | None:
        """Return the number that calls, or None when there is none: then calls stay in the local outbox."""
        if self.twilio_voice_from is not None:
            return self.twilio_voice_from
        return self.twilio_from if self.twilio_from is not None and self.twilio_from.startswith("+") else None

    @property
    def gateway(self) -> Gateway | None:
        """Return the template SMS gateway, or None when there is none."""
        return None if self.sms_gateway is None else load_gateway(self.sms_gateway)

    @property
    def gateway_credentials(self) -> Credentials | None:
        """Return who we are to the gateway, and it to us."""
        if self.sms_gateway_access_key is None or self.sms_gateway_secret is None:
            return None
        return Credentials(self.sms_gateway_access_key, self.sms_gateway_secret.get_secret_value())

    @property
    def webhook_keys(self) -> tuple[str, ...]:
        """Return the keys that webhooks are signed with, the first that of today; none: nothing is sent."""
        return _keys_of(self.webhook_key)

    @property
    def private_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return the private networks that webhooks may call."""
        return _networks_of(self.webhook_networks)

    @property
    def intake_url(self) -> str:
        """Return where a client on this machine finds the intake."""
        anywhere = self.http_host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        return f"http://{'127.0.0.1' if anywhere else self.http_host}:{self.http_port}"

    @property
    def database(self) -> str:
        """Return the database URL, the default included."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'tocsin.db'}"

    @property
    def rates(self) -> dict[str, float]:
        """Return the most messages a second of each provider that has a limit."""
        pairs = [pair.partition("=") for pair in self.provider_rates.split(",") if pair]
        return {name: float(rate) for name, _, rate in pairs}

    def topic(self, name: str) -> str:
        """Return the full name of a topic of the catalogue."""
        return self.topic_prefix + name


def _keys_of(secret: SecretStr | None) -> tuple[str, ...]:
    return () if secret is None else tuple(key.strip() for key in secret.get_secret_value().split(","))


def _networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


class _FileSource(PydanticBaseSettingsSource):
    """``TOCSIN_X_FILE=/run/secrets/x`` gives ``x``: secrets stay out of the environment."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        del field
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError([f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error.strerror}"]) from error

    def __call__(self) -> dict[str, Any]:
        """Return every field that a file gives."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: one line for each bad variable; print it and stop.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_line(item) for item in error.errors(include_url=False, include_input=False)]) from error


def _line(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{PREFIX}{where.upper()}: {message}" if where else message


def documented() -> list[tuple[str, str, str]]:
    """Return (variable, default, meaning) of each setting: the README's table is made from it."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        if field.default_factory is not None:
            default = "host name"
        rows.append((PREFIX + name.upper(), default, field.description or ""))
    return rows
