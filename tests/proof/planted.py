"""The secrets of a night, and whether one of them has got anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.proof.whole_night import DEPENDENCY_KEY, INSTALLATION_KEY, WholeNight

PASSPHRASE = "planted-passphrase-9Wk"

TOKEN = re.compile(rb"00D\w{12}!AQ[\w.]{8,}")  # as the emulator makes access tokens
AUTH_CODE = re.compile(rb"aPrx[\w.]{8,}")
ASSERTION = re.compile(rb"eyJ[\w-]{8,}\.[\w-]{8,}\.")


def planted(night: WholeNight) -> dict[str, bytes]:
    """By what they are: exact texts that nothing may hold."""
    lines = night.environ.get("KEY", "").splitlines()[1:-1] or ["there is none"]
    return {
        "the installation key": INSTALLATION_KEY.encode(),
        "the installation key of a dependency": DEPENDENCY_KEY.encode(),
        "the passphrase": PASSPHRASE.encode(),
        "the private key": lines[len(lines) // 2].encode(),
        "the end of the private key": lines[-1].encode(),
    }


def secrets_in(night: WholeNight, others: Iterable[tuple[str, bytes]] = ()) -> Iterator[str]:
    """Places below the night's folder (ledger, streams, crash files, reports) with a secret."""
    texts = [(str(path.relative_to(night.folder)), _read(path)) for path in _files(night.folder)]
    for place, content in [*texts, *others]:
        for name, secret in planted(night).items():
            if secret in content:
                yield f"{place} holds {name}"
        for name, pattern in (
            ("an access token", TOKEN),
            ("an AuthCode", AUTH_CODE),
            ("a signed assertion", ASSERTION),
        ):
            if pattern.search(content):
                yield f"{place} holds {name}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _read(path: Path) -> bytes:
    return path.read_bytes()
