"""The public API does what the commands do, prints nothing, and raises their errors."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner import api
from provisioner.cli.sample_project import sample_files
from provisioner.errors import ClaimError, ConfigError, LoginError, NoOrgError, UsageError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def emulator() -> Iterator[api.Emulator]:
    with api.emulator(speed=500, seed=7, limits={"active": 10, "daily": 20}) as running:
        yield running


@pytest.fixture
def pool_file(emulator: api.Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in sample_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    text = f"""\
dev_hub:
  username: {emulator.hub_username}
  consumer_key: {emulator.consumer_key}
  private_key: {emulator.private_key}
  login_url: {emulator.url}
pools:
  sample:
    size: 1
    duration_days: 2
    reuse: true
    definitions: [config/project-scratch-def.json]
    steps:
      - run_apex: {{ file: scripts/setup.apex }}
"""
    (tmp_path / "pool.yaml").write_text(text, encoding="utf-8")
    # The sample's script needs the object that the sample deploys.
    (tmp_path / "scripts/setup.apex").write_text("System.debug('ready');\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pool.yaml"


@pytest.mark.usefixtures("pool_file")
def test_an_org_is_built_claimed_entered_and_given_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said: list[str] = []

    built = api.build("sample", time_scale=0.002, on_message=said.append)

    assert (built.exit_code, built.error, len(built.built), built.failed) == (0, None, 1, ())
    assert any("available" in line for line in said)
    org = api.claim(pool="sample", owner="ci", purpose="test", lease=timedelta(hours=2))
    assert (org.username, org.state, org.owner) == (built.built[0].username, "claimed", "ci")
    assert org.lease_until is not None
    assert timedelta(hours=1) < org.lease_until - datetime.now(UTC) <= timedelta(hours=2)
    session = api.login(org.username)
    assert (session.org_id, session.username) == (org.org_id, org.username)
    assert session.access_token not in repr(session)
    assert api.release(org.username, owner="ci").state == "deleted"
    assert capfd.readouterr() == ("", "")


def test_errors_are_those_of_the_commands(emulator: api.Emulator, pool_file: Path) -> None:
    api.build(pace=0.002)  # the older name of time_scale
    org = api.claim(owner="ci")

    with pytest.raises(ClaimError, match="ci") as caught:
        api.release(org.username, owner="somebody")
    assert caught.value.exit_code == 7
    with pytest.raises(NoOrgError):
        api.claim(owner="somebody")
    with pytest.raises(UsageError, match="evening"):
        api.build("evening")
    with pytest.raises(ConfigError):
        api.build(config=pool_file.parent / "data" / "sample-plan.json")
    with pytest.raises(LoginError) as refused:
        api.login(
            "nobody@acme.example",
            consumer_key=emulator.consumer_key,
            key=emulator.private_key,
            login_url=emulator.url,
        )
    assert refused.value.exit_code == 5
    assert api.release(org.username, owner="ci", reuse=True).state == "available"


def test_a_login_by_the_key_alone_needs_no_pool_file(
    emulator: api.Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    session = api.login(
        emulator.hub_username,
        consumer_key=emulator.consumer_key,
        key=str(emulator.private_key),
        login_url=emulator.url,
    )

    assert session.instance_url == emulator.url


def test_the_emulator_takes_the_options_of_its_command_and_ends_with_the_block(
    tmp_path: Path,
) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps([{"when": {"route": "limits"}, "then": {"do": "close"}}]))

    with api.emulator(instant=True, tls=True, faults=faults) as running:
        assert running.ca is not None
        assert running.private_key.is_file()
        context = ssl.create_default_context(cafile=str(running.ca))
        with urllib.request.urlopen(f"{running.url}/_emulator/faults", context=context) as answer:
            assert "limits" in answer.read().decode()

    assert not running.private_key.exists()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{running.url}/_emulator/state", context=context)


def test_the_example_for_users_of_the_emulator_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs/emulator.md").read_text(encoding="utf-8")
    _, section = page.split("\n## Use it from your own tools\n")
    example = section.partition("```python\n")[2].partition("```")[0]

    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr, done.returncode) == ("[503, 200]\n", "", 0)


def test_everything_public_is_explained() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

    for name in api.__all__:
        assert getattr(api, name).__doc__
        assert f"`{name}" in page or f"api.{name}(" in page, name
