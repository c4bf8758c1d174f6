"""Claims of orgs that are really there: an emulated Dev Hub with scratch orgs, and a fake `sf`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.emulator.keys import KeyPair, make_key_pair
from provisioner.emulator.server import EmulatorServer
from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME, World
from provisioner.ledger.base import Ledger, Org

from .conftest import add

_KEYS: list[KeyPair] = []


def key_pair() -> KeyPair:
    """Made once for each process, because it is slow."""
    if not _KEYS:
        _KEYS.append(make_key_pair())
    return _KEYS[0]


@dataclass
class LiveOrgs:
    """The Dev Hub, and the folder with a pool.yaml that names it."""

    server: EmulatorServer
    folder: Path

    @property
    def world(self) -> World:
        """The emulated world."""
        return self.server.world

    def write_pool(self, more: str = "", username: str = DEFAULT_HUB_USERNAME) -> None:
        """Write pool.yaml."""
        (self.folder / "server.key").write_text(key_pair().private_key, encoding="utf-8")
        (self.folder / "server.key").chmod(0o600)
        (self.folder / "pool.yaml").write_text(
            f"""\
dev_hub:
  username: {username}
  consumer_key: {DEFAULT_CONSUMER_KEY}
  private_key: server.key
  login_url: {self.server.url}
ledger: sqlite:///ledger.db
{more}
pools:
  morning: {{ size: 2, reuse: true, definitions: [a.json] }}
""",
            encoding="utf-8",
        )

    def add(self, ledger: Ledger, name: str) -> Org:
        """An available org that is on the Dev Hub and in the ledger."""
        username = f"{name}@acme.example"
        org = self.world.add_scratch_org(username)
        app = self.world.hub.apps[DEFAULT_CONSUMER_KEY].app
        self.world.register_app(app, org=org, approved=[org.admin_id])
        return add(
            ledger,
            name,
            org_id=org.id,
            consumer_key=DEFAULT_CONSUMER_KEY,
            login_url=self.server.url,
            instance_url=self.server.url,
        )


SF = """\
echo "$@" >> sf.calls
case "$*" in *"{fails_at}"*) echo "sf has failed" >&2; exit 1;; esac
echo "sf has done it"
"""


def install_sf(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, fails_at: str = "nothing of this"
) -> Path:
    """Put a program `sf` on PATH that writes down its arguments; the file that has them."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "sf").write_text("#!/bin/sh\n" + SF.format(fails_at=fails_at), encoding="utf-8")
    (programs / "sf").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.defpath}")
    return folder / "sf.calls"
