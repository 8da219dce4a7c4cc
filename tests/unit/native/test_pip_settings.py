from __future__ import annotations

from native.pip_settings import parse, uv_variables

LISTING = """\
:env:.find-links='/opt/wheels'
:env:.index-url='https://third.example/simple'
freeze.timeout='10'
global.cert='/etc/ssl/corporate.pem'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://first.example/simple'
install.index-url='https://second.example/simple'
install.trusted-host='one.example two.example'
"""


def test_pip_sections_override_each_other_as_in_pip() -> None:
    settings = parse(LISTING)
    assert settings["index-url"] == "https://third.example/simple"
    assert parse(LISTING.replace(":env:.index-url", ":env:.x"))["index-url"] == "https://second.example/simple"
    assert "timeout" not in settings, "other commands' sections do not count"


def test_uv_gets_the_same_places_certificate_and_hosts() -> None:
    assert uv_variables(parse(LISTING), {}) == {
        "UV_DEFAULT_INDEX": "https://third.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/opt/wheels",
        "UV_INSECURE_HOST": "one.example two.example",
        "SSL_CERT_FILE": "/etc/ssl/corporate.pem",
    }


def test_a_proxy_serves_both_schemes() -> None:
    variables = uv_variables({"proxy": "http://proxy.example:3128"}, {})
    assert set(variables) == {"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"}
    assert set(variables.values()) == {"http://proxy.example:3128"}


def test_what_was_said_to_uv_itself_stands() -> None:
    environment = {"UV_DEFAULT_INDEX": "https://mine.example/simple", "SSL_CERT_FILE": "/etc/ssl/all.pem"}
    variables = uv_variables(parse(LISTING), environment)
    assert "UV_DEFAULT_INDEX" not in variables
    assert variables["SSL_CERT_FILE"] == "/etc/ssl/corporate.pem", "pip's own certificate is for packages"


def test_without_settings_uv_is_left_alone() -> None:
    assert uv_variables(parse(""), {}) == {}
