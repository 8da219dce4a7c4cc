"""One frozen `Settings` per process, read once from the environment and `.env`, handed down from there.

A wrong value stops the process with the variable's name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from recsys.domain import Algorithm

ROOT = Path(__file__).resolve().parents[2]

LOCAL_SERVERS = (
    ("RECSTACK_DATABASE_URL", "POSTGRES_PORT", 5432, "postgresql://recstack@127.0.0.1:{port}/recstack"),
    ("RECSTACK_REDIS_URL", "REDIS_PORT", 6379, "redis://127.0.0.1:{port}/0"),
    ("RECSTACK_MLFLOW_URL", "MLFLOW_PORT", 5000, "http://127.0.0.1:{port}"),
    ("RECSTACK_API_URL", "API_PORT", 8000, "http://127.0.0.1:{port}"),
)


def _absolute(path: Path) -> Path:
    return path if path.is_absolute() else ROOT / path


Folder = Annotated[Path, AfterValidator(_absolute)]


def _names(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


Algorithms = Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(_names)]
"""Names with spaces or commas between."""


def _url(read: Callable[[str], object], *schemes: str) -> AfterValidator:
    """Of one of these schemes, and such that `read` does not raise `ValueError`. A URL may hold a password: what is
    said of it names its scheme at most.
    """

    def check(url: str) -> str:
        scheme = url.partition("://")[0] if "://" in url else ""
        if scheme not in schemes:
            begins = f"{scheme}://" if scheme else "no scheme"
            wanted = " or ".join(f"{known}://" for known in schemes)
            raise PydanticCustomError(
                "url", "It begins with {begins}, not with {wanted}", {"begins": begins, "wanted": wanted}
            )
        try:
            read(url)
        except ValueError:
            raise PydanticCustomError(
                "url", "It is not a {scheme}:// URL that can be used", {"scheme": scheme}
            ) from None
        return url

    return AfterValidator(check)


def _read_postgres(url: str) -> None:
    """Several hosts may stand in it, which no other reader knows."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        if not url.startswith(IN_MEMORY):
            raise ValueError("no conninfo") from None


def _read_port(url: str) -> None:
    _ = urlsplit(url).port


def _read_host(url: str) -> None:
    parts = urlsplit(url)
    _ = parts.port
    if not (parts.hostname or url.startswith(IN_MEMORY)):
        raise ValueError("no host")


IN_MEMORY = "memory:"
DatabaseUrl = Annotated[str, _url(_read_postgres, "postgresql", "postgres", "memory")]
RedisUrl = Annotated[str, _url(_read_port, "redis", "rediss", "unix", "memory")]
MlflowUrl = Annotated[str, _url(_read_host, "http", "https", "memory")]
HttpUrl = Annotated[str, _url(_read_host, "http", "https")]


class EventWeights(BaseSettings):
    """How much one event of each type says about liking; negative says the opposite.

    A rating counts `rating` times its distance from `rating_neutral`.
    """

    model_config = SettingsConfigDict(
        env_prefix="RECSTACK_WEIGHT_", env_file=ROOT / ".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    view: float = 1.0
    click: float = 2.0
    like: float = 4.0
    dislike: float = -4.0
    cart: float = 4.0
    purchase: float = 6.0
    rating: float = 2.0
    rating_neutral: float = 2.5
    half_life_days: float | None = Field(default=None, gt=0)
    """An event this much older than the user's last one weighs half; None: age does not matter."""


class GateSettings(BaseSettings):
    """What a release must reach, and what its data may hold, to be published."""

    model_config = SettingsConfigDict(
        env_prefix="RECSTACK_GATE_", env_file=ROOT / ".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    personal: bool = True
    """Whether a user's own past must surely tell more than a stranger's, which labels gone astray do not."""
    min_coverage: float = Field(default=0.01, ge=0, le=1)
    """Different items in the hybrid's lists, as a share of as many as there could be."""
    max_answer_ms: float = Field(default=500.0, gt=0)
    """p95 of computing a list of the release for one user, when nothing is cached."""
    max_drop: float = Field(default=0.5, ge=0, le=1)
    """Of events, users or items since the live release was trained."""
    max_future: float = Field(default=0.01, ge=0, le=1)
    """Share of the events whose time has not come yet."""
    max_duplicates: float = Field(default=0.1, ge=0, le=1)
    """Share of the events that repeat another one to the moment."""
    max_drift: float = Field(default=1.0, gt=0)
    """Population stability index of event types, ratings, categories and popularity since the live release's data."""
    warn_from_lists: float = Field(default=0.5, ge=0, le=1)
    """Share of the events that came from lists: above, the models learn from themselves."""
    warn_most_shown: float = Field(default=0.5, ge=0, le=1)
    """Share of the new events that are on the hundredth of the catalogue that was shown most."""


class Settings(BaseSettings):
    """Every variable is optional natively: the defaults are the ports of the design, on loopback."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True)

    postgres_port: int = Field(default=5432, ge=1, le=65535, alias="POSTGRES_PORT")
    redis_port: int = Field(default=6379, ge=1, le=65535, alias="REDIS_PORT")
    mlflow_port: int = Field(default=5000, ge=1, le=65535, alias="MLFLOW_PORT")
    database_url: DatabaseUrl = Field(default="", alias="RECSTACK_DATABASE_URL", repr=False)
    redis_url: RedisUrl = Field(default="", alias="RECSTACK_REDIS_URL", repr=False)
    mlflow_url: MlflowUrl = Field(default="", alias="RECSTACK_MLFLOW_URL")
    elasticsearch_url: HttpUrl | None = Field(default=None, alias="RECSTACK_ELASTICSEARCH_URL", repr=False)
    elasticsearch_index: str = Field(
        default="recstack-items", pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$", alias="RECSTACK_ELASTICSEARCH_INDEX"
    )
    """What readers ask; the indices behind it have names that begin so."""
    jupyter_url: HttpUrl | None = Field(default=None, alias="RECSTACK_JUPYTER_URL", repr=False)
    state_dir: Folder = Field(default=Path(".recstack"), alias="RECSTACK_STATE_DIR")
    releases_dir: Folder | None = Field(default=None, alias="RECSTACK_RELEASES_DIR", validate_default=True)

    api_url: HttpUrl = Field(default="", alias="RECSTACK_API_URL")
    """Where callers find the API."""
    api_host: str = Field(default="127.0.0.1", alias="API_HOST")
    api_port: int = Field(default=8000, ge=1, le=65535, alias="API_PORT")
    api_workers: int = Field(default=1, ge=1, le=64, alias="API_WORKERS")
    api_key: SecretStr | None = Field(default=None, alias="RECSTACK_API_KEY")
    admin_key: SecretStr | None = Field(default=None, alias="RECSTACK_ADMIN_KEY")
    erasure_key: SecretStr | None = Field(default=None, alias="RECSTACK_ERASURE_KEY")
    """What the hashes of erased users are keyed with; None: one that is drawn into the state folder."""

    cache_ttl_seconds: int = Field(default=3600, ge=1, alias="RECSTACK_CACHE_TTL_SECONDS")
    session_ttl_seconds: int = Field(default=86_400, ge=1, alias="RECSTACK_SESSION_TTL_SECONDS")
    """A guest's session ends so long after it was last used."""
    alias_poll_seconds: float = Field(default=5.0, gt=0, alias="RECSTACK_ALIAS_POLL_SECONDS")
    diversity: float = Field(default=0.0, ge=0, le=1, alias="RECSTACK_DIVERSITY")
    """Of lists that ask for none."""
    category_cap: float = Field(default=0.2, ge=0, le=1, alias="RECSTACK_CATEGORY_CAP")
    """Largest share of a list that one category has at diversity 1, while there is anything else."""
    exploration_share: float = Field(default=0.05, ge=0, le=0.5, alias="RECSTACK_EXPLORATION_SHARE")
    """Of the places in the hybrid's lists, those that new items get for their first impressions; 0: none."""
    lists_retention_days: int = Field(default=30, ge=1, alias="RECSTACK_LISTS_RETENTION_DAYS")
    catalogue_poll_seconds: float = Field(default=1.0, gt=0, alias="RECSTACK_CATALOGUE_POLL_SECONDS")
    dependency_timeout_seconds: float = Field(default=2.0, gt=0, alias="RECSTACK_DEPENDENCY_TIMEOUT_SECONDS")
    release_keep: int = Field(default=5, ge=2, alias="RECSTACK_RELEASE_KEEP")
    trainer_metrics_port: int = Field(default=8002, ge=1, le=65535, alias="TRAINER_METRICS_PORT")
    reweight_groups: bool = Field(default=False, alias="RECSTACK_REWEIGHT_GROUPS")
    """Whether users of demographic groups that are left behind count more when the blend's weights are chosen."""
    training_budget: float = Field(default=0.0, ge=0, alias="RECSTACK_TRAINING_BUDGET")
    """Seconds that a training may search for better settings; 0: those of the live release, else the defaults."""
    train_with: Algorithms = Field(default=(), alias="RECSTACK_TRAIN_WITH")
    """What a release holds beside the usual algorithms, where `train` is not told by `--with`."""
    weights: EventWeights = Field(default_factory=EventWeights)
    gate: GateSettings = Field(default_factory=GateSettings)
    log_level: str = Field(default="INFO", alias="RECSTACK_LOG_LEVEL")
    log_json: bool = Field(default=False, alias="RECSTACK_LOG_JSON")

    @model_validator(mode="before")
    @classmethod
    def _local_servers(cls, values: dict[str, object]) -> dict[str, object]:
        """A URL that is not set means the local server, on its port."""
        for name, port, default, url in LOCAL_SERVERS:
            if not values.get(name):
                values[name] = url.format(port=values.get(port) or default)
        return values

    @model_validator(mode="before")
    @classmethod
    def _releases_under_state(cls, values: dict[str, object]) -> dict[str, object]:
        if not values.get("RECSTACK_RELEASES_DIR"):
            values["RECSTACK_RELEASES_DIR"] = Path(str(values.get("RECSTACK_STATE_DIR") or ".recstack")) / "releases"
        return values

    @property
    def releases(self) -> Path:
        """Where the releases lie, absolute."""
        return self.releases_dir or self.state_dir / "releases"

    @classmethod
    def load(cls) -> Self:
        """Read the environment; on a wrong value say which and exit with 2."""
        try:
            return cls()
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_url=False):
                name = ".".join(str(part) for part in problem["loc"]) or "settings"
                sys.stderr.write(f"{name}: {problem['msg']}. Mend it in .env or the environment.\n")
            raise SystemExit(2) from None
