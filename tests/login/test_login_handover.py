"""A login handed on: to a browser, and to the Salesforce CLI; neither way shows a secret."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat

from provisioner.ledger.base import State
from tests.login import machine
from tests.login.command import Run, record, write_pool_file
from tests.login.conftest import Pem
from tests.login.host import CONSUMER_KEY, OTP, TOKEN, USERNAME, LoginHost

pytestmark = pytest.mark.slow

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


def test_a_browser_gets_the_link_once_and_nothing_else_ever_holds_it(
    run: Run, options: list[str], tmp_path: Path
) -> None:
    """Not its arguments, which everybody can read, nor its environment, nor a file."""
    done = run(*options, "--open", PATH=machine.path_with_commands(tmp_path), BROWSER="browser")
    assert done.code == 0, done.err
    browsed = (tmp_path / "browsed.txt").read_text()
    opened, *modes = browsed.split("\n")[:3]
    assert modes == ["600", "700"]
    answers = [line for line in browsed.splitlines() if line[:4] in ("303 ", "404 ")]
    assert [answer[:4] for answer in answers] == ["404 ", "303 ", "404 "]
    assert f"otp={OTP}" in answers[1]
    assert browsed.count(OTP) == 1
    assert not Path(opened.removeprefix("file://")).parent.exists()
    assert OTP not in done.out + done.err


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


def test_exec_keeps_what_the_command_expects_and_takes_every_secret_of_pool_yaml_away(
    run: Run, host: LoginHost, pem: Pem, tmp_path: Path, program: Callable[[str, str], str]
) -> None:
    """Also a secret of a pool, of which a login reads nothing."""
    steps = "steps: [{install_package: {version: 04t000000000001AAA, installation_key: ${IK}}}]"
    write_pool_file(tmp_path, host.url, "${HUB_KEY}", f"pools: {{ morning: {{ {steps} }} }}")
    record(tmp_path, host.url, State.AVAILABLE)
    secret = {
        "HUB_KEY": pem(),
        "IK": "planted-key",
        "SF_PRIVATE_KEY_PASSPHRASE": "x",
        "PGPASSWORD": "planted-password",
        "SCRATCH_ORG_ACCESS_TOKEN": "of another org",
    }
    kept = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*", "LANG": "C.UTF-8"}
    path = program("seed", "env -0 > seen")
    done = run(USERNAME, "--exec", "--", "seed", PATH=path, **secret, **kept)
    assert done.code == 0, done.err
    seen = dict(entry.split("=", 1) for entry in (tmp_path / "seen").read_text().split("\0")[:-1])
    expected = {**run.environment(PATH=path, **kept), "SCRATCH_ORG_ACCESS_TOKEN": TOKEN}
    assert expected.items() <= seen.items()
    names = {name for name in seen if name.startswith("SCRATCH_ORG_")}
    assert seen.keys() - names - {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"} == (
        expected.keys() - {"SCRATCH_ORG_ACCESS_TOKEN"}
    )


def test_a_command_run_with_exec_ends_at_a_broken_pipe_like_any_other(
    run: Run, options: list[str], program: Callable[[str, str], str]
) -> None:
    """Python ignores SIGPIPE; the command must not."""
    code = "(yes; echo $? >&2) | head -n 1 >/dev/null"
    done = run(*options, "--exec", "--", "seed", PATH=program("seed", code))
    assert done.err == "141\n"


def test_sf_gets_a_key_that_is_no_file_by_one_that_is_on_no_disk(
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
    assert (tmp_path / "sf.keypath").read_text().startswith("/proc/self/fd/")
    assert "sf cannot renew this session" in done.err
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
def test_an_sf_that_is_missing_or_fails_is_reported(
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
