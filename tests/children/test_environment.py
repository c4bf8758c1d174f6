"""Programs that are started get one environment, made in one place: without any secret."""

from __future__ import annotations

import base64
import os
import sys
import time
from pathlib import Path

import pytest

from provisioner import children
from provisioner.children import environment

KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
SECRET = "planted-installation-key"


def test_variables_for_a_users_command_stay() -> None:
    kept = {
        "PATH": "/usr/bin",
        "HOME": "/home/ann",
        "HTTPS_PROXY": "http://proxy:3128",
        "LANG": "de_DE.UTF-8",
        "PGHOST": "db",
        "PGPASSFILE": "/home/ann/.pgpass",
        "NPM_TOKEN": "the user's own affair",
        "SF_CONSUMER_KEY": "3MVG9",
        "SHLVL": "1",
        "EMPTY": "",
    }
    assert environment(kept) == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SF_PRIVATE_KEY", "whatever it holds"),
        ("SF_PRIVATE_KEY_PASSPHRASE", "x"),
        ("SF_PRIVATE_KEY_2", "x"),
        ("PGPASSWORD", "x"),
        ("SCRATCH_ORG_ACCESS_TOKEN", "00D!x"),
        ("SF_ACCESS_TOKEN", "00D!x"),
        ("ANY", KEY),
        ("ANY", KEY.replace("\n", "\\n")),
        ("ANY", base64.b64encode(KEY.encode()).decode()),
        ("ANY", base64.b64encode(KEY.replace("PRIVATE", "RSA PRIVATE").encode()).decode()),
        ("ANY", base64.b64encode(KEY.replace("PRIVATE", "ENCRYPTED PRIVATE").encode()).decode()),
        ("INSTALLATION_KEY", SECRET),
        ("COPY_OF_IT", SECRET),
    ],
)
def test_keys_passphrases_and_passwords_are_removed(name: str, value: str) -> None:
    given = {"INSTALLATION_KEY": SECRET, "PATH": "/usr/bin", name: value}
    assert environment(given, ["INSTALLATION_KEY"]) == {"PATH": "/usr/bin"}


def test_another_variable_with_the_value_of_a_short_secret_is_kept() -> None:
    assert environment({"PIN": "1", "SHLVL": "1"}, ["PIN"]) == {"SHLVL": "1"}


def test_more_variables_are_added_explicitly() -> None:
    handed = environment({"PGPASSWORD": "x"}).plus({"SCRATCH_ORG_ACCESS_TOKEN": "00D!x"})
    assert handed == {"SCRATCH_ORG_ACCESS_TOKEN": "00D!x"}


def test_a_program_that_takes_too_long_is_terminated_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(TimeoutError, match=r"not finished after 0\.5 s"):
        children.run(["sh", "-c", script], environment(os.environ), timeout=0.5)
    stat = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    deadline = time.monotonic() + 30.0
    while _is_running(stat) and time.monotonic() < deadline:
        time.sleep(0.02)  # the signal is sent; a loaded machine handles it later
    assert not _is_running(stat)


def _is_running(stat: Path) -> bool:
    try:
        return " Z " not in stat.read_text()
    except OSError:
        return False


def test_the_output_and_the_exit_code_of_a_program_are_returned() -> None:
    command = [sys.executable, "-c", "import sys; print('out'); sys.exit('err')"]
    environ = environment(os.environ)
    assert children.run(command, environ, timeout=60) == (1, "out\n")
    code, said = children.run(command, environ, timeout=60, with_errors=True)
    assert (code, sorted(said.split())) == (1, ["err", "out"])
