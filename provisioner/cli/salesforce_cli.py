"""Hands an org to the Salesforce CLI, by its own `sf org login jwt`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from provisioner.config.fields import Secret
from provisioner.errors import LoginError, UsageError
from provisioner.login import Credentials, Session
from provisioner.salesforce.keys import load_signing_key
from provisioner.salesforce.redaction import redact

TIMEOUT = 300  # seconds


def find_sf() -> str:
    """The path of `sf`. Raises UsageError when it is not installed."""
    path = shutil.which("sf")
    if path is None:
        raise UsageError(
            "the Salesforce CLI (sf) is not installed, or not on PATH",
            code="sf_missing",
            hint="install it: npm install --global @salesforce/cli",
        )
    return path


def hand_over(
    sf: str, credentials: Credentials, session: Session, as_known: Sequence[str] = ()
) -> str:
    """Let `sf` log in to the org of `session`; what it said is the answer.

    `as_known` are further options: alias, default. When the org ends, `sf` reads by itself.

    The key goes by path, never by value: `sf` keeps that path and reads the key again whenever
    a session ends. Raises LoginError when `sf` fails, UsageError for a key that it cannot read.
    """
    with _key_path(credentials) as key:
        command = [sf, "org", "login", "jwt"]
        command += ["--username", session.username, "--client-id", session.consumer_key]
        command += ["--jwt-key-file", str(key), "--instance-url", session.instance_url]
        command += as_known
        try:
            done = subprocess.run(  # noqa: S603 - a list, and no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
                env=_environment(credentials),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = error.strerror if isinstance(error, OSError) else f"no end in {TIMEOUT} s"
            raise LoginError(f"{sf} could not be run: {reason}", code="sf_failed") from None
    said = redact(done.stdout, [session.access_token]).strip()
    if done.returncode != 0:
        raise LoginError(
            f"sf org login jwt of {session.username} failed (exit {done.returncode}):\n{said}",
            code="sf_failed",
            hint="our own login worked, so user, app and key are right: see what sf says",
        )
    return said


def is_lasting(credentials: Credentials) -> bool:
    """Whether `sf` can log in again by itself later: the key stands in a file that stays."""
    return isinstance(credentials.key, Path)


def _environment(credentials: Credentials) -> dict[str, str]:
    """Ours for `sf`, without the variables that hold the key or its passphrase."""
    secret = credentials.passphrase.reveal() if credentials.passphrase else None
    return {
        name: value
        for name, value in os.environ.items()
        if "PRIVATE KEY-----" not in value and value != secret
    }


@contextmanager
def _key_path(credentials: Credentials) -> Iterator[Path]:
    """A file that `sf` can read the key from; one made for it is removed again."""
    source = credentials.key.reveal() if isinstance(credentials.key, Secret) else credentials.key
    passphrase = credentials.passphrase.reveal() if credentials.passphrase else None
    key = load_signing_key(source, passphrase)
    if key.is_encrypted:
        raise UsageError(
            "the Salesforce CLI cannot read a private key with a passphrase",
            code="key_encrypted",
            hint="use `provisioner login --json`, or give --key a copy without passphrase, made by "
            "`openssl pkey -in KEY -out COPY` and kept at mode 0600",
        )
    if isinstance(source, Path):
        yield source.expanduser().resolve()
        return
    handle, name = tempfile.mkstemp(prefix="provisioner-", suffix=".key")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key.plain_pem())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
