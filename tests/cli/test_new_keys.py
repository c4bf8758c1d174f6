"""`init --keys` makes a key pair that only its owner can ever read."""

from __future__ import annotations

import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.cli.conftest import Cli, tree


@pytest.fixture
def made(cli: Cli, tmp_path: Path) -> Path:
    previous = os.umask(0)  # the worst that a user can have
    try:
        cli("init", "--keys", "secrets/hub")
    finally:
        os.umask(previous)
    return tmp_path / "secrets/hub"


def test_only_the_owner_can_read_the_key(made: Path) -> None:
    assert stat.S_IMODE((made / "server.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert (made / ".gitignore").read_text() == "*\n"
    assert tree(made) == {"server.key", "server.crt", ".gitignore"}


def test_the_key_is_never_readable_by_others_while_it_is_written(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: set[int] = set()
    write = os.fdopen

    def watched(handle: int, *arguments: Any, **options: Any) -> Any:
        modes.add(stat.S_IMODE(os.fstat(handle).st_mode))
        return write(handle, *arguments, **options)

    monkeypatch.setattr("os.fdopen", watched)
    previous = os.umask(0)
    try:
        cli("init", "--keys", "keys")
    finally:
        os.umask(previous)

    assert modes == {0o600}


def test_the_certificate_matches_the_key_and_is_valid_for_a_year(made: Path) -> None:
    key = load_pem_private_key((made / "server.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((made / "server.crt").read_bytes())
    now = datetime.now(UTC)

    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_before_utc < now
    assert timedelta(364) < certificate.not_valid_after_utc - now <= timedelta(365)
    assert key.key_size == 2048  # type: ignore[union-attr]


def test_openssl_agrees(made: Path) -> None:
    command = ["openssl", "x509", "-noout", "-subject", "-checkend", "0", "-in", "server.crt"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=True)

    assert "CN" in done.stdout


@pytest.mark.parametrize("folder", ["keys", "my keys", "it's", "${HOME}", "a: b # c", "/abs"])
def test_pool_yaml_names_the_key_for_any_name_of_its_folder(
    cli: Cli, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SF_HUB_USERNAME", "hub@acme.example")
    monkeypatch.setenv("SF_CONSUMER_KEY", "3MVG9consumer")
    place = str(tmp_path / "abs") if folder == "/abs" else folder

    cli("init", "--keys", place)

    assert cli("check").code == 0
