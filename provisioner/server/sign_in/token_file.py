"""One person on this machine, who can read the token file."""

from __future__ import annotations

import getpass
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.access.person import Person
from provisioner.errors import AccessError, UsageError
from provisioner.input_file import SETTINGS, read_input
from provisioner.server.sign_in.address import address_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from provisioner.server.world import World


LEAST = 32  # characters of a token


def person(world: World, connection: HTTPConnection) -> Person | None:
    """The person of the token file. Raises AccessError for another token."""
    token = bearer(connection)
    if not world.local_token or not token:
        return None
    return person_with(world, connection, token)


def person_with(world: World, connection: HTTPConnection, token: str) -> Person:
    """The person who has given the token of the file. Raises AccessError for another one."""
    address = address_of(world, connection)
    if not world.local_token or not hmac.compare_digest(token.encode(), world.local_token.encode()):
        world.guesses.require(address)
        raise AccessError(
            "this is not the token of the file",
            code="not_signed_in",
            hint="read .provisioner/server-token next to pool.yaml",
        )
    return local_person(address)


def local_person(address: str) -> Person:
    """The one person of a server on loopback: the user of the operating system."""
    return Person(getpass.getuser(), way="token file", address=address, is_local=True)


def token_of(path: Path) -> str:
    """The token of the file, which only its owner can read; the file is made if there is none.

    Raises UsageError for a file that others can read, or that holds no token.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _write_new(path)
    try:
        mode, token = path.stat().st_mode, read_input(path, SETTINGS).decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"the token file {path} cannot be read: {error}") from None
    if mode & 0o077 or len(token) < LEAST:
        why = "other users can read it" if mode & 0o077 else "it holds no token"
        raise UsageError(f"the token file {path} is not used: {why}", hint="delete it")
    return token


def _write_new(path: Path) -> None:
    """Write the file whole or not at all, also when two servers start at once."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".token-") as file:  # mode 0600
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


def bearer(connection: HTTPConnection) -> str:
    """The token of the header Authorization; "" without one."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
