"""What a native run is told by `.env` and the environment."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pydantic import Field, SecretStr

from native.places import variable
from recsys.settings import Settings

LOOPBACK_HOSTS = "127.0.0.1,localhost"


class Configuration(Settings):
    """The services' settings, and what only the topology needs."""

    jupyter_port: int = Field(default=8888, ge=1, le=65535, alias="JUPYTER_PORT")
    jupyter_token: SecretStr = Field(default=SecretStr("recsys123"), alias="JUPYTER_TOKEN")
    grafana_port: int = Field(default=3000, ge=1, le=65535, alias="GRAFANA_PORT")
    grafana_user: str = Field(default="admin", alias="GRAFANA_USER")
    grafana_password: SecretStr = Field(default=SecretStr("recsys123"), alias="GRAFANA_PASSWORD")
    prometheus_port: int = Field(default=9090, ge=1, le=65535, alias="PROMETHEUS_PORT")
    elasticsearch_port: int = Field(default=9200, ge=1, le=65535, alias="ELASTICSEARCH_PORT")
    traffic_rate: float = Field(default=0.0, ge=0, alias="RECSTACK_TRAFFIC_RATE")
    """Actions a second that simulated users do; 0 is none."""
    redis_memory: str = Field(default="256mb", pattern=r"^[1-9][0-9]*(kb|mb|gb)$", alias="REDIS_MAXMEMORY")
    train_every: str = Field(default="6h", alias="RECSTACK_TRAIN_EVERY")
    seed_options: str = Field(default="", alias="RECSTACK_SEED_OPTIONS")
    """Flags for `python -m data_generator seed`."""

    @property
    def has_own_database(self) -> bool:
        """The user brings a PostgreSQL; the next three likewise."""
        return bool(variable("RECSTACK_DATABASE_URL"))

    @property
    def has_own_redis(self) -> bool:
        return bool(variable("RECSTACK_REDIS_URL"))

    @property
    def has_own_mlflow(self) -> bool:
        return bool(variable("RECSTACK_MLFLOW_URL"))

    @property
    def has_own_elasticsearch(self) -> bool:
        return bool(variable("RECSTACK_ELASTICSEARCH_URL"))

    @property
    def run_folder(self) -> Path:
        return self.state_dir / "run"

    @property
    def logs_folder(self) -> Path:
        return self.state_dir / "logs"

    @property
    def state_file(self) -> Path:
        return self.run_folder / "state.json"

    @property
    def fingerprint(self) -> str:
        """Tells this installation's folders from another's where they must lie side by side."""
        return hashlib.sha256(str(self.state_dir.resolve()).encode()).hexdigest()[:10]

    def environment(self) -> dict[str, str]:
        """For every process that we start: where the others are, and no proxy on the way there."""
        exempt = [hosts for hosts in (os.environ.get("NO_PROXY"), os.environ.get("no_proxy")) if hosts]
        no_proxy = ",".join([*exempt, LOOPBACK_HOSTS])
        return {
            "RECSTACK_DATABASE_URL": self.database_url,
            "RECSTACK_REDIS_URL": self.redis_url,
            "RECSTACK_MLFLOW_URL": self.mlflow_url,
            "RECSTACK_API_URL": self.api_url,
            "RECSTACK_STATE_DIR": str(self.state_dir),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
        }
