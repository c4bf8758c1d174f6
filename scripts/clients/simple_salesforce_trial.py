"""simple-salesforce against an emulator; see `scripts/clients/simple-salesforce`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nightly_pool import HUB_APPS, ClaimedOrg, NightlyPool, claimed_pool
from trial import Trial, emulator, must, virtual_environment

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.login.page import snippet

CLIENT = "simple-salesforce==1.12.10"
HERE = Path(__file__).parent


def main() -> int:
    """Install, start, run all; the exit code."""
    python = virtual_environment(CLIENT, "cryptography") / "python"
    options, trial = ["--tls", *sys.argv[1:]], Trial()
    with tempfile.TemporaryDirectory(prefix="simple-salesforce-") as directory:
        folder = Path(directory)
        with emulator(folder, ["--speed", "1000", *options]) as running:
            calls = _calls(python, running)
        for hub_app in HUB_APPS:
            with claimed_pool(trial, folder / hub_app, hub_app, 5, options) as pool:
                _consumers(trial, python, pool, hub_app)
    return trial.conclude() or calls


def _calls(python: Path, running: Mapping[str, str]) -> int:
    """The calls of the library, which print a table of their own; the exit code."""
    variables = {
        "CONSUMER_KEY": running["consumer_key"],
        "HUB_USERNAME": running["hub_username"],
        "PRIVATE_KEY_FILE": running["private_key"],
    }
    command = [str(python), str(HERE / "simple_salesforce_calls.py")]
    environment = {**os.environ, **_emulator(running), **variables}
    return subprocess.run(command, check=False, env=environment).returncode


def _consumers(trial: Trial, python: Path, pool: NightlyPool, hub_app: str) -> None:
    """Each org of a nightly pool, by our own login and by the recipe of docs/login.md."""

    def by_recipe(org: ClaimedOrg) -> None:
        # The emulator's orgs have no host names; this is what the login_url of a real one is like.
        own_host = f"{org.org_id.lower()}-dev-ed.scratch.my.salesforce.com"
        for host in (own_host, "test.salesforce.com"):
            _recipe(python, pool, org, host)

    trial.each(f"{hub_app}: provisioner login, query", pool.orgs, pool.log_in_and_query)
    trial.each(f"{hub_app}: docs/login.md, simple-salesforce", pool.orgs, by_recipe)


def _recipe(python: Path, pool: NightlyPool, org: ClaimedOrg, host: str) -> None:
    """Log in at a host, which must be asked first, and query the org."""
    variables = {
        "ORG_USERNAME": org.username,
        "CONSUMER_KEY": org.consumer_key,
        "KEY_FILE": pool.running["private_key"],
        "LOGIN_URL": f"https://{host}",
    }
    ended = subprocess.run(
        [str(python), str(HERE / "to_emulator.py")],
        input=snippet("simple-salesforce", "python"),
        env={**_emulator(pool.running), **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    must(ended.returncode == 0, ended.stderr)
    must(ended.stdout == f"{org.org_id}\n", f"another org: {ended.stdout}")
    must(ended.stderr.startswith(f"{host}\n"), f"other hosts were asked: {ended.stderr}")


def _emulator(running: Mapping[str, str]) -> dict[str, str]:
    return {"EMULATOR_URL": running["url"], "EMULATOR_CA": running["ca"]}


if __name__ == "__main__":
    sys.exit(main())
