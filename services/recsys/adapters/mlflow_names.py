"""How releases are called in MLflow, for the trainer that writes them and the API that asks for one."""

from __future__ import annotations

from urllib.parse import urlsplit

EXPERIMENT = "recstack"
MODEL_PREFIX = "recstack-"
RELEASE_MODEL = f"{MODEL_PREFIX}release"
CHAMPION = "champion"
CHALLENGER = "challenger"
"""Registered, accepted, not live yet."""
RELEASE_TAG = "release"


def model_name(algorithm: str) -> str:
    """The registered model of an algorithm."""
    return f"{MODEL_PREFIX}{algorithm}"


def without_credentials(url: str) -> str:
    """The server's address as it may stand in messages and logs."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
