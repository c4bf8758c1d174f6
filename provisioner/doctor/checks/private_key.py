"""Each private key of pool.yaml can be read; while a key is replaced, both are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.declare.secret import Secret
from provisioner.doctor.result import Result, ok, problem
from provisioner.errors import UsageError
from provisioner.salesforce.keys import load_signing_key

if TYPE_CHECKING:
    from provisioner.config.hub import ConnectedApp
    from provisioner.doctor.examination import Examination
    from provisioner.salesforce.keys import SigningKey


def examine(examination: Examination) -> Iterator[Result]:
    """The keys of the Dev Hub's app."""
    yield from keys_of("dev_hub", examination.config.dev_hub)


def keys_of(name: str, app: ConnectedApp) -> Iterator[Result]:
    """One result for each key of the app that `name` declares in pool.yaml."""
    for location, key in app.private_keys.items():
        where = f"{name}.{location}"
        try:
            read = read_key(app, key)
        except UsageError as error:
            error.message = f"{where}: {error.message}"
            yield problem(error)
        else:
            encrypted = "encrypted, and the passphrase opens it" if read.is_encrypted else ""
            kind = f"RSA, {read.private.key_size} bits, {encrypted or 'not encrypted'}"
            source = str(key) if isinstance(key, Path) else "from the environment"
            yield ok(f"{where}: {source}: {kind}")


def read_key(app: ConnectedApp, key: Path | Secret) -> SigningKey:
    """One key of `app`. Raises UsageError."""
    passphrase = app.private_key_passphrase
    source = key.reveal() if isinstance(key, Secret) else key
    return load_signing_key(source, passphrase.reveal() if passphrase else None)
