"""A login handed on: to a browser, and to the Salesforce CLI; neither way shows a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat

from provisioner.ledger.base import State
from tests.login.command import Run, record, write_pool_file
from tests.login.conftest import Pem
from tests.login.host import CONSUMER_KEY, OTP, TOKEN, USERNAME, LoginHost

PASSPHRASE = "planted-passphrase"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], str]:
    """Writes a shell script that stands in for a program; gives the PATH to find it by."""

    def write(name: str, code: str) -> str:
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)
        return f"{folder}:{os.defpath}"

    return write


def test_a_browser_gets_the_link_by_a_private_file_that_is_gone_afterwards(
    program: Callable[[str, str], str], tmp_path: Path
) -> None:
    """Everybody on the machine can read the arguments of the browser."""
    path = program(
        "firefox",
        f'echo "$@" > {tmp_path}/arguments; page=${{1#file://}}; cp "$page" {tmp_path}/page; '
        f'stat -c "%a" "$page" "$(dirname "$page")" > {tmp_path}/modes',
    )
    link = "https://acme.example/secur/frontdoor.jsp?otp=planted&a=1"
    code = f"from provisioner.cli.browser import open_in_browser as o; o({link!r}, wait=0)"
    subprocess.run(
        [sys.executable, "-c", code],
        env=Run(tmp_path).environment(PATH=path, BROWSER="firefox %s"),
        check=True,
        capture_output=True,
    )
    page = (tmp_path / "page").read_text()
    assert "https://acme.example/secur/frontdoor.jsp?otp=planted&amp;a=1" in page
    assert (tmp_path / "modes").read_text().split() == ["600", "700"]
    opened = (tmp_path / "arguments").read_text().strip()
    assert "planted" not in opened
    assert not Path(opened.removeprefix("file://")).parent.exists()


def test_without_a_browser_the_link_can_be_printed(run: Run, options: list[str]) -> None:
    done = run(*options, "--open")
    assert done.code == 2
    assert "no browser was found" in done.err
    assert "--url" in done.err
    assert OTP not in done.err


SF = """
for argument in "$@"; do echo "$argument" >> sf.arguments; previous=$key; key=$argument
  [ "$previous" = --jwt-key-file ] && cat "$argument" > sf.key && echo "$argument" > sf.keypath \
    && stat -c %a "$argument" > sf.mode; done
env > sf.environment
echo "Successfully authorized, token $PLANTED"
"""


def test_sf_gets_the_org_by_its_own_login(
    run: Run,
    options: list[str],
    host: LoginHost,
    key_file: Path,
    tmp_path: Path,
    program: Callable[[str, str], str],
) -> None:
    done = run(*options, "--sf", PATH=program("sf", SF), PLANTED=TOKEN)
    assert done.code == 0, done.err
    assert (tmp_path / "sf.arguments").read_text().split("\n")[:-1] == [
        *("org", "login", "jwt", "--username", USERNAME, "--client-id", CONSUMER_KEY),
        *("--jwt-key-file", str(key_file), "--instance-url", host.url),
    ]
    assert "Successfully authorized" in done.err
    assert TOKEN not in done.out + done.err


def test_sf_knows_the_org_by_alias_and_as_default(
    run: Run, options: list[str], tmp_path: Path, program: Callable[[str, str], str]
) -> None:
    done = run(*options, "--sf", "--alias", "mine", "--default", PATH=program("sf", SF))
    assert done.code == 0, done.err
    arguments = (tmp_path / "sf.arguments").read_text().split("\n")
    assert arguments[-4:-1] == ["--alias", "mine", "--set-default"]
    assert run(*options, "--alias", "mine").code == 2


def test_exec_gives_the_session_to_the_command_and_its_exit_code_back(
    run: Run, options: list[str], host: LoginHost, program: Callable[[str, str], str]
) -> None:
    script = 'echo "$1 $SCRATCH_ORG_USERNAME $SCRATCH_ORG_INSTANCE_URL"; ' + (
        'test "$SCRATCH_ORG_ACCESS_TOKEN" = "$PLANTED" || exit 9; exit 7\n'
    )
    path = program("seed", script)
    done = run(*options, "--exec", "--", "seed", "--flag", PATH=path, PLANTED=TOKEN)
    assert done.code == 7, done.err
    assert done.out.startswith(f"--flag {USERNAME} {host.url}")
    assert TOKEN not in done.out + done.err
    assert run(*options, "--exec").code == 2
    assert run(*options, "--exec", "--", "no-such-command").code == 2


def test_sf_gets_a_key_that_is_no_file_by_one_that_is_gone_afterwards(
    run: Run,
    host: LoginHost,
    pem: Pem,
    tmp_path: Path,
    program: Callable[[str, str], str],
) -> None:
    write_pool_file(tmp_path, host.url, "${SF_PRIVATE_KEY}")
    record(tmp_path, host.url, State.AVAILABLE)
    environment = {
        "SF_PRIVATE_KEY": pem().replace("\n", "\\n"),
        "SF_PRIVATE_KEY_PASSPHRASE": PASSPHRASE,
        "PATH": program("sf", SF),
    }
    done = run(USERNAME, "--sf", **environment)
    assert done.code == 0, done.err
    assert (tmp_path / "sf.key").read_text() == pem()
    assert (tmp_path / "sf.mode").read_text() == "600\n"
    assert not Path((tmp_path / "sf.keypath").read_text().strip()).exists()
    assert "sf cannot log in again" in done.err
    seen = (tmp_path / "sf.environment").read_text() + (tmp_path / "sf.arguments").read_text()
    assert "PRIVATE KEY" not in seen
    assert PASSPHRASE not in seen


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        (None, 2, "npm install --global @salesforce/cli"),
        ("echo it is broken >&2; exit 3", 5, "it is broken"),
    ],
)
def test_an_sf_that_is_missing_or_fails_is_told(
    script: str | None,
    code: int,
    words: str,
    run: Run,
    options: list[str],
    host: LoginHost,
    program: Callable[[str, str], str],
) -> None:
    path = program("sf", script) if script else "/nowhere"
    done = run(*options, "--sf", PATH=path)
    assert done.code == code
    assert words in done.err
    assert len(host.seen) == (1 if script else 0)


def test_sf_cannot_read_a_key_with_a_passphrase_and_we_say_so(
    run: Run,
    options: list[str],
    key_file: Path,
    pem: Pem,
    program: Callable[[str, str], str],
) -> None:
    key_file.write_text(pem(PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())))
    path = program("sf", SF)
    done = run(*options, "--sf", PATH=path, SF_PRIVATE_KEY_PASSPHRASE=PASSPHRASE)
    assert done.code == 2
    assert "cannot read a private key with a passphrase" in done.err
    assert not (key_file.parent / "sf.arguments").exists()
