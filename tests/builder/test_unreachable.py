"""Exit code 9: there was no answer. 5 and 2 are for answers that refuse something."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from provisioner import retry
from provisioner.declare.duration import parse_duration
from provisioner.ledger.postgresql import session as postgresql_session
from provisioner.retry import BUILD_START
from tests.builder.night import Night
from tests.proof.here import run
from tests.proof.processes import Ended

pytestmark = pytest.mark.slow

NO_HOST = "https://no-such-host.invalid"  # kept free of hosts for ever (RFC 6761)


@pytest.fixture(autouse=True)
def _short_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a build takes --time-scale."""
    monkeypatch.setattr(retry, "sleep", lambda seconds: time.sleep(seconds * 0.02))


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that is taken, and on which no server listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def assert_unreachable(ended: Ended, code: str = "unreachable") -> None:
    """Exit code and `--json` agree that there was no answer."""
    assert ended.code == 9, ended.err + ended.out
    error = ended.document["error"]
    assert error["code"] == code
    assert error["hint"]


HUB_COMMANDS = [
    ("check", "--online"),
    ("build", "--time-scale", "0.0005"),
    ("plan",),
    ("reap",),
    ("reap", "--rebuild"),
    ("hub", "install"),
]


@pytest.mark.parametrize("command", HUB_COMMANDS, ids=" ".join)
def test_a_dev_hub_where_nobody_listens(
    night: Night, silent_port: int, command: tuple[str, ...]
) -> None:
    night.login_url = f"http://127.0.0.1:{silent_port}"
    night.write_pool()
    assert_unreachable(run(night, *command, "--json"))


def test_a_build_says_what_is_refused_and_until_when_it_tries(
    night: Night, silent_port: int
) -> None:
    night.login_url = f"http://127.0.0.1:{silent_port}"
    night.write_pool()
    ended = run(night, "build", "--time-scale", "0.0005")
    warnings = [line for line in ended.err.splitlines() if "warning: " in line]
    assert len(warnings) == len(BUILD_START.waits)
    for warning in warnings:
        assert re.search(
            r"warning: the scratch orgs of the Dev Hub could not be read: login of .* at "
            rf"http://127\.0\.0\.1:{silent_port} failed: the host refused the connection; "
            r"next attempt in 0s, last attempt in about 0s$",
            warning,
        )


def test_the_warning_of_a_retry_gives_the_next_and_the_last_attempt(
    night: Night, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(retry, "sleep", waited.append)
    night.login_url = f"http://127.0.0.1:{silent_port}"
    night.write_pool()
    warnings = re.findall(
        r"next attempt in (\S+), last attempt in about (\S+)\n", run(night, "build").err
    )
    following, last = zip(*warnings, strict=True)
    assert [parse_duration(text).total_seconds() for text in following] == [
        round(wait) for wait in waited[-len(warnings) :]
    ]
    assert parse_duration(last[0]) > timedelta(minutes=3)
    assert last[-1] == following[-1]


def test_a_dev_hub_whose_name_is_not_known(night: Night) -> None:
    night.login_url = NO_HOST
    night.write_pool()
    assert_unreachable(run(night, "check", "--online", "--json"))


def test_a_proxy_that_lets_nothing_through(night: Night, silent_port: int) -> None:
    night.login_url = "https://acme.my.salesforce.com"
    night.write_pool()
    night.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{silent_port}"
    assert_unreachable(run(night, "check", "--online", "--json"))


def test_a_dev_hub_that_is_lost_after_the_login(night: Night) -> None:
    night.fault({"route": "query", "org": "hub"}, {"do": "reset"}, times=0)
    assert_unreachable(run(night, "build", "--json", "--time-scale", "0.0005"))


@pytest.mark.parametrize("command", [("claim", "--owner", "ann"), ("status",)], ids=" ".join)
def test_a_ledger_on_a_dev_hub_where_nobody_listens(
    night: Night, silent_port: int, command: tuple[str, ...]
) -> None:
    night.login_url = f"http://127.0.0.1:{silent_port}"
    night.write_pool(top="ledger: devhub\n")
    assert_unreachable(run(night, *command, "--json"))


def test_a_ledger_on_a_database_server_where_nobody_listens(
    night: Night, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_session, "RETRY_SECONDS", 0.1)
    night.write_pool(top=f"ledger: postgresql://ann@127.0.0.1:{silent_port}/pools\n")
    assert_unreachable(run(night, "status", "--json"), "ledger_unreachable")


def test_a_login_to_an_org_where_nobody_listens(night: Night, silent_port: int) -> None:
    night.write_pool(size=1, steps="")
    (org,) = night.build().built
    where = ("--login-url", f"http://127.0.0.1:{silent_port}")
    assert_unreachable(run(night, "login", org.username, *where, "--json"))


def test_orgs_none_of_which_can_be_reached_are_not_proven_and_not_quarantined(
    night: Night,
) -> None:
    night.write_pool(size=2, steps="")
    night.build()
    night.fault({"route": "oauth.token"}, {"do": "reset"}, times=0)
    ended = run(night, "status", "--prove", "--json")
    assert ended.code == 9
    (pool,) = json.loads(ended.out)["pools"]
    assert [org["state"] for org in pool["orgs"]] == ["available"] * 2
