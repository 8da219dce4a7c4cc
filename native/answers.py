"""Whether a local HTTP server answers."""

from __future__ import annotations

import http.client

from native.ports import LOOPBACK

OK = 200
REDIRECT = 400


def http_ok(port: int, path: str, timeout: float = 3.0) -> bool:
    """Whether `GET path` on loopback gives 200 (or a redirect); asked directly, past every proxy."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return OK <= connection.getresponse().status < REDIRECT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
