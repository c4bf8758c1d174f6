"""Logs the Salesforce CLI in to an org by its command `sf org login jwt`."""

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
_LEAST_DESCRIPTOR = 100  # above the numbers that a program gets for its own files


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
    options: Sequence[str] = (),
) -> str:
    """Let `sf` log in to the org of `session`, and return its output.

    `options` are further options of `sf`: alias, default. `sf` queries the expiry itself.

    The key is passed by its path, not by its value: `sf` stores the path and reads the key again
    whenever a session ends. Raises LoginError when `sf` fails, UsageError for a key that it cannot
    read.
    """
    with _key_path(credentials) as (key, descriptors):
        command = [sf, "org", "login", "jwt"]
        command += ["--username", session.username, "--client-id", session.consumer_key]
        command += ["--jwt-key-file", str(key), "--instance-url", session.instance_url]
        command += options
        try:
            code, output = children.run(
                command, environ, timeout=TIMEOUT, pass_fds=descriptors, with_errors=True
            )
        except OSError as error:
            raise LoginError(f"{sf} could not be run: {error.strerror}", code="sf_failed") from None
    output = redact(output, [session.access_token]).strip()
    if code != 0:
        raise LoginError(
            f"sf org login jwt of {session.username} failed (exit {code}):\n{output}",
            code="sf_failed",
            hint="provisioner's own login succeeded: user, app and key are right; see sf's message",
        )

    return output


def is_lasting(credentials: Credentials) -> bool:
    """Whether `sf` can log in again later: the key is in a file that is not deleted."""
    return isinstance(credentials.key, Path)


@contextmanager
def _key_path(credentials: Credentials) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """A path from which `sf` can read the key, and the descriptors that it must inherit."""
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
    """The descriptor of a file in memory, which no longer exists when all processes have closed it.

    None if the platform has no such files. The descriptor has a high number, so that the path that
    `sf` stores does not name another file later.
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
    except OSError:  # not permitted, or too many open files
        return None
