"""Hands an org to the Salesforce CLI, by its own `sf org login jwt`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from provisioner import children
from provisioner.children import Environment
from provisioner.declare.secret import Secret
from provisioner.errors import LoginError, UsageError
from provisioner.login import Session
from provisioner.salesforce.keys import load_signing_key
from provisioner.salesforce.redaction import redact
from provisioner.salesforce.sign_in import Credentials

TIMEOUT = 300  # seconds
_LEAST_DESCRIPTOR = 100  # beyond those that a program opens by itself


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
    sf: str,
    credentials: Credentials,
    session: Session,
    environ: Environment,
    as_known: Sequence[str] = (),
) -> str:
    """Let `sf` log in to the org of `session`; what it said is the answer.

    `as_known` are further options: alias, default. When the org ends, `sf` reads by itself.

    The key goes by path, never by value: `sf` keeps that path and reads the key again whenever
    a session ends. Raises LoginError when `sf` fails, UsageError for a key that it cannot read.
    """
    with _key_path(credentials) as (key, descriptors):
        command = [sf, "org", "login", "jwt"]
        command += ["--username", session.username, "--client-id", session.consumer_key]
        command += ["--jwt-key-file", str(key), "--instance-url", session.instance_url]
        command += as_known
        try:
            code, said = children.run(
                command, environ, timeout=TIMEOUT, pass_fds=descriptors, with_errors=True
            )
        except OSError as error:
            raise LoginError(f"{sf} could not be run: {error.strerror}", code="sf_failed") from None
    said = redact(said, [session.access_token]).strip()
    if code != 0:
        raise LoginError(
            f"sf org login jwt of {session.username} failed (exit {code}):\n{said}",
            code="sf_failed",
            hint="provisioner's own login worked, so user, app and key are right; see sf's message",
        )
    return said


def is_lasting(credentials: Credentials) -> bool:
    """Whether `sf` can log in again by itself later: the key stands in a file that stays."""
    return isinstance(credentials.key, Path)


@contextmanager
def _key_path(credentials: Credentials) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """A path that `sf` can read the key from, and the descriptors that it needs for that."""
    source = credentials.key.reveal() if isinstance(credentials.key, Secret) else credentials.key
    passphrase = credentials.passphrase.reveal() if credentials.passphrase else None
    key = load_signing_key(source, passphrase)
    if key.is_encrypted:
        raise UsageError(
            "the Salesforce CLI cannot read a private key with a passphrase",
            code="key_encrypted",
            hint="use `provisioner login --json`, or pass --key a copy without passphrase, made by "
            "`openssl pkey -in KEY -out COPY` and kept at mode 0600",
        )
    if isinstance(source, Path):
        yield source.expanduser().resolve(), ()
        return
    descriptor = _in_memory(key.plain_pem())
    if descriptor is not None:
        try:
            yield Path(f"/proc/self/fd/{descriptor}"), (descriptor,)
        finally:
            os.close(descriptor)
        return
    with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:  # mode 0700
        path = Path(folder) / "server.key"
        path.touch(mode=0o600)
        path.write_bytes(key.plain_pem())
        yield path, ()


def _in_memory(content: bytes) -> int | None:
    """A file that has no name and is on no disk: it ends with the last process that has it.

    None where the platform has none. The descriptor is a high one, so that the path which `sf`
    remembers names nothing at all later on.
    """
    if not hasattr(os, "memfd_create") or not Path("/proc/self/fd").is_dir():
        return None
    import fcntl

    try:
        low = os.memfd_create("provisioner-key")
        try:
            os.write(low, content)
            return fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _LEAST_DESCRIPTOR)
        finally:
            os.close(low)
    except OSError:  # forbidden here, or there are too few descriptors
        return None
