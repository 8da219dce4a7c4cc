"""uv does not read pip's configuration: hand it on in uv's own variables. Standard library only."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

SECTIONS = ("global", "install", ":env:")
"""Later ones win, as in pip."""
SAME_MEANING = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "keyring-provider": "UV_KEYRING_PROVIDER",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
COMMA_SEPARATED = {"UV_FIND_LINKS"}
_LINE = re.compile(r"(?P<section>[^.=]+)\.(?P<key>[^=]+)=(?P<value>.*)")


def read(python: Path) -> dict[str, str]:
    """What the pip of `python` would use: its files and the PIP_ variables, merged."""
    done = subprocess.run(
        [str(python), "-m", "pip", "config", "list"], check=True, capture_output=True, text=True, timeout=60
    )
    return parse(done.stdout)


def parse(listing: str) -> dict[str, str]:
    """Lines such as `global.index-url='…'` as one mapping, key to value."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match and match["section"] in found:
            found[match["section"]][match["key"]] = str(ast.literal_eval(match["value"]))
    return {key: value for section in SECTIONS for key, value in found[section].items()}


def uv_variables(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Uv's variables for pip's settings; what `environment` already says to uv stands."""
    variables: dict[str, str] = {}
    for key, value in settings.items():
        name = SAME_MEANING.get(key)
        if name and value.strip():
            separator = "," if name in COMMA_SEPARATED else " "
            variables[name] = separator.join(value.split())
    if "UV_INDEX" in variables:
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip does; the hashes decide what is accepted
    if "ALL_PROXY" in variables:
        variables["HTTPS_PROXY"] = variables["HTTP_PROXY"] = variables["ALL_PROXY"]
    asked_of_uv = {name for name in environment if name.startswith("UV_") and environment[name]}
    return {name: value for name, value in variables.items() if name not in asked_of_uv}
