"""`provisioner emulator` as a process: one line when ready, a clean end at SIGTERM."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

from provisioner.emulator.command import EmulatorOptions, OptionError, prepare
from provisioner.emulator.keys import KeyPair
from tests.emulator.core.conftest import GRANT, loaded

pytestmark = pytest.mark.slow

Start = Callable[..., "Running"]


class Running:
    """An emulator in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "provisioner", "emulator", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.said: dict[str, Any] = json.loads(self.process.stdout.readline())

    def grant(self, private_key: str, **options: Any) -> requests.Response:
        claims = {
            "iss": self.said["consumer_key"],
            "sub": self.said["hub_username"],
            "aud": self.said["url"],
            "exp": int(time.time()) + 60,
        }
        form = {
            "grant_type": GRANT,
            "assertion": jwt.encode(claims, loaded(private_key), "RS256"),
        }
        url = f"{self.said['url']}/services/oauth2/token"
        return requests.post(url, data=form, timeout=30, **options)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Running] = []

    def run(*options: str) -> Running:
        made.append(Running(*options))
        return made[-1]

    yield run
    for one in made:
        if one.process.poll() is None:
            one.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_makes_a_key_says_so_and_stops_at_a_signal(start: Start, number: int) -> None:
    emulator = start()
    assert set(emulator.said) == {"url", "consumer_key", "hub_username", "private_key"}
    key = Path(emulator.said["private_key"])
    assert key.stat().st_mode & 0o077 == 0
    assert emulator.grant(key.read_text()).status_code == 200
    assert emulator.stop(number) == (0, "", "")
    assert not key.exists()


def test_a_certificate_of_ones_own(start: Start, tmp_path: Path, key_pair: KeyPair) -> None:
    certificate = tmp_path / "own.crt"
    certificate.write_text(key_pair.certificate)
    options = ("--certificate", str(certificate), "--consumer-key", "3MVG9Own")
    emulator = start(*options, "--hub-username", "me@acme.example", "--keys", str(tmp_path))
    assert emulator.said["private_key"] is None
    assert emulator.said["consumer_key"] == "3MVG9Own"
    assert emulator.said["hub_username"] == "me@acme.example"
    assert emulator.grant(key_pair.private_key).status_code == 200
    assert emulator.stop()[0] == 0
    assert certificate.exists()


def test_a_hub_user_without_rights_and_the_administrator(start: Start) -> None:
    emulator = start("--hub-user", "integration", "--hub-username", "build@acme.example")
    assert emulator.said["admin_username"] == "admin@acme.example"
    assert emulator.grant(Path(emulator.said["private_key"]).read_text()).status_code == 200
    url, body = f"{emulator.said['url']}/_emulator/sessions", {"username": "admin@acme.example"}
    opened = requests.post(url, json=body, timeout=30).json()
    assert opened["instance_url"] == emulator.said["url"]
    headers = {"Authorization": f"Bearer {opened['access_token']}"}
    url = f"{opened['instance_url']}/services/data/v68.0/sobjects/ScratchOrgInfo"
    assert requests.get(url, headers=headers, timeout=30).status_code == 200


def test_https_under_an_authority_of_its_own(start: Start) -> None:
    emulator = start("--tls")
    key = Path(emulator.said["private_key"]).read_text()
    assert emulator.said["url"].startswith("https://")
    assert emulator.grant(key, verify=emulator.said["ca"]).status_code == 200


def test_limits_faults_packages_and_latencies_come_from_options(
    start: Start, tmp_path: Path
) -> None:
    busy = {"when": {"route": "oauth.token"}, "then": {"do": "answer", "status": 503}}
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"faults": [busy], "latencies": {"propagation": [5, 5]}}))
    packages = tmp_path / "packages.json"
    packages.write_text(json.dumps([{"id": "04t000000000001AAA", "name": "Billing"}]))
    emulator = start(
        "--limits", "active=3,daily=6", "--faults", str(faults), "--packages", str(packages),
        "--speed", "50", "--seed", "7", "--hub-app", "external",
        "--behavior", "refresh_rotation=off", "--behavior", "auth_code_life=60",
    )  # fmt: skip
    key = Path(emulator.said["private_key"]).read_text()
    assert [emulator.grant(key).status_code for _ in range(2)] == [503, 200]
    state = requests.get(f"{emulator.said['url']}/_emulator/state", timeout=30).json()
    assert state["limits"] == {"active": 3, "daily": 6, "api": 100_000}
    assert state["latencies"]["propagation"] == [5, 5]
    assert (state["speed"], state["seed"]) == (50, 7)
    assert state["hub"]["app"] == "external"
    assert state["behavior"]["refresh_rotation"] == "off"
    assert state["behavior"]["auth_code_life"] == 60


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--limits", "activ=3"),
            "error: limits: 'activ=3' must be NAME=NUMBER; the names are active",
        ),
        (("--limits", "active=x"), "error: limits: 'active=x' must be NAME=NUMBER"),
        (("--hub-app", "other"), "hub app: 'other' must be one of connected, external, external-"),
        (("--hub-user", "other"), "hub user: 'other' must be one of administrator, integration"),
        (("--behavior", "x=y"), "behavior: 'x=y' must be NAME=VALUE; the names are requested_key"),
        (("--behavior", "refresh_rotation=x"), "refresh_rotation must be one of on, off, not 'x'"),
        (
            ("--faults", "worst-mond"),
            "faults: unknown scenario 'worst-mond' (did you",
        ),
        (("--faults", "{faults}"), "`do` must be one of"),
        (("--packages", "{faults}"), "faults.json: each package version needs an `id`"),
        (("--certificate", "none.crt"), "cannot read the certificate none.crt"),
        (("--certificate", "{faults}"), "faults.json: "),
        (("--speed", "0"), "0"),
        (("--port", "99999"), "99999 is not in the range"),
    ],
)
def test_a_wrong_option_is_an_error_with_its_reason(
    tmp_path: Path, options: tuple[str, str], words: str
) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"then": {"do": "explode"}}]))
    command = [sys.executable, "-m", "provisioner", "emulator"]
    command += [one.replace("{faults}", str(faults)) for one in options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{\n "04t000000000001": {"nam": "A"}}', "2:22: 04t000000000001: unknown key 'nam' (did "
         "you mean name?); known: name, namespace, version"),
        ('[{"id": "04t000000000001"},\n {"id": "04t000000000002", "zzz": 1}]', "2:28: "
         "04t000000000002: unknown key 'zzz'; known: name, namespace, version"),
        ('{"04t000000000001": {"permission_sets": ["A", {"name": "B", "labl": "B"}]}}', "1:61: "
         "04t000000000001: permission_sets: unknown key 'labl' (did you mean label?); known: name"),
        ('{"04t000000000001": {"duration": "x"}}', "1:2: 04t000000000001: duration must be"),
        ('{"04t000000000001": {"objects": [{"name": "A__c", "fields": ["B__c"]}]}}',
         "1:2: 04t000000000001: fields must be an object, not ['B__c']"),
        ('{"04x": {}}', "1:2: '04x' is not a package version id (04t…)"),
    ],
)  # fmt: skip
def test_a_wrong_key_in_a_packages_file_is_an_error_with_its_place(
    tmp_path: Path, content: str, problem: str
) -> None:
    file = tmp_path / "packages.json"
    file.write_text(content)
    with pytest.raises(OptionError) as raised:
        prepare(EmulatorOptions(packages=file), tmp_path)
    assert str(raised.value).startswith(f"{file}:{problem}")
    assert raised.value.hint == "docs/emulator.md describes the format of the file"


def test_a_port_in_use_is_said(start: Start) -> None:
    port = start().said["url"].rpartition(":")[2]
    command = [sys.executable, "-m", "provisioner", "emulator", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert f"cannot listen on port {port}: Address already in use" in ended.stderr
