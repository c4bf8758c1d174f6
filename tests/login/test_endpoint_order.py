"""Which hosts are asked with which audience, and which are never asked."""

from __future__ import annotations

import pytest

from provisioner.errors import UsageError
from provisioner.salesforce.login_endpoints import (
    LoginEndpoint,
    hub_endpoints,
    is_loopback,
    origin,
    scratch_endpoints,
    user_endpoints,
)

LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"
ACME = "https://acme.my.salesforce.com"
UAT = "https://acme--uat.sandbox.my.salesforce.com"
SCRATCH = "https://power-fun-1-dev-ed.scratch.my.salesforce.com"
EMULATOR = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("login_url", "endpoints"),
    [
        (LOGIN, [(LOGIN, LOGIN)]),
        (TEST, [(TEST, TEST)]),
        (ACME, [(ACME, ACME), (ACME, LOGIN), (LOGIN, LOGIN)]),
        (UAT, [(UAT, UAT), (UAT, TEST), (TEST, TEST)]),
        (EMULATOR, [(EMULATOR, EMULATOR), (EMULATOR, LOGIN), (EMULATOR, TEST)]),
    ],
)
def test_a_hub_is_asked_at_its_own_address_first(
    login_url: str, endpoints: list[tuple[str, str]]
) -> None:
    assert list(hub_endpoints(login_url)) == [LoginEndpoint(*each) for each in endpoints]


@pytest.mark.parametrize(
    ("login_url", "generic", "endpoints"),
    [
        (SCRATCH, TEST, [(SCRATCH, TEST), (SCRATCH, SCRATCH), (TEST, TEST)]),
        (None, TEST, [(TEST, TEST)]),
        (EMULATOR, EMULATOR, [(EMULATOR, TEST), (EMULATOR, EMULATOR)]),
        (None, EMULATOR, [(EMULATOR, TEST), (EMULATOR, EMULATOR)]),
    ],
)
def test_a_scratch_org_is_asked_itself_with_the_audience_of_sandboxes_first(
    login_url: str | None, generic: str, endpoints: list[tuple[str, str]]
) -> None:
    assert list(scratch_endpoints(login_url, generic)) == [
        LoginEndpoint(*each) for each in endpoints
    ]


@pytest.mark.parametrize("own", [EMULATOR, SCRATCH, TEST, LOGIN, None])
def test_no_endpoint_leads_from_an_emulator_to_a_public_host(own: str | None) -> None:
    """Whatever login URL a Dev Hub gives for an org, when the configured one is loopback."""
    assert {endpoint.host for endpoint in scratch_endpoints(own, EMULATOR)} == {EMULATOR}
    assert {endpoint.host for endpoint in scratch_endpoints(EMULATOR, TEST)} == {EMULATOR}
    assert {endpoint.host for endpoint in hub_endpoints(EMULATOR)} == {EMULATOR}
    assert {endpoint.host for endpoint in user_endpoints(EMULATOR)} == {EMULATOR}


def test_a_user_of_whom_only_an_address_is_known_gets_the_endpoints_of_that_address() -> None:
    assert user_endpoints(TEST) == (LoginEndpoint(TEST, TEST),)
    assert user_endpoints(LOGIN) == hub_endpoints(LOGIN)
    assert user_endpoints(ACME) == hub_endpoints(ACME)
    assert user_endpoints(SCRATCH) == scratch_endpoints(SCRATCH)
    assert user_endpoints(EMULATOR) == scratch_endpoints(EMULATOR, EMULATOR)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Login.Salesforce.com/", LOGIN),
        ("HTTPS://login.salesforce.com:443/services/oauth2/token?x=1#y", LOGIN),
        ("login.salesforce.com", LOGIN),
        (" https://login.salesforce.com. ", LOGIN),
        ("https://acme.lightning.force.com/lightning/page/home", ACME),
        ("https://acme.my.salesforce-setup.com/lightning/setup/SetupOneHome/home", ACME),
        ("https://acme.example:8443/", "https://acme.example:8443"),
        ("http://LOCALHOST:80/", "http://localhost"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://org1.localhost:8080", "http://org1.localhost:8080"),
    ],
)
def test_addresses_are_reduced_to_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://login.salesforce.com",
        "http://acme.example:8080",
        "http://127.0.0.1.acme.example",
        "http://localhost.acme.example",
        "HTTP://0.0.0.0:8080",
    ],
)
def test_http_to_another_host_is_refused_by_name(url: str) -> None:
    """An assertion in clear on a network is a login for everyone who listens."""
    for endpoints in (hub_endpoints, scratch_endpoints, user_endpoints):
        with pytest.raises(UsageError, match="over http to") as caught:
            endpoints(url)
        assert caught.value.code == "insecure_login_url"
        assert (
            (origin(url.lower().replace("http:", "https:")).split("/")[2]).split(":")[0]
            in caught.value.message
        )


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "ftp://login.salesforce.com", "https://host:port", "https://[::1", "/x",
        "https://two words", "https://host\x7f.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a login host") as caught:
        origin(url)
    assert caught.value.code == "login_url"


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError) as caught:
        origin("https://me:planted-password@login.salesforce.com")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.8.9.1", "http://[::1]:2"])
def test_loopback_is_known_by_its_address(url: str) -> None:
    assert is_loopback(url)
    assert not is_loopback("https://127.0.0.1.example")
