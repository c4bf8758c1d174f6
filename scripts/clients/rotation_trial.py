"""Stored auth URLs against logins with only a key; see `scripts/clients/rotation`.

It proves two things with the Salesforce CLI itself, against an emulator that rotates refresh
tokens, as Salesforce does in new orgs (docs/reference/login.md#codes-and-refresh-tokens):

- An org is signed up with the CLI's own app, and its auth URL is stored, as other tools do. The
  first consumer that logs in with it uses up the stored refresh token. The login of the second one
  is the reuse of a token: it is refused, and ends the login of the first one as well. Nobody can
  log in to that org any more. With rotation off, the same calls work.
- On the same Dev Hub, whose app sign-ups do not carry, each org of a pool of ours has a login app
  of its own. Twenty consumers at once, each with an empty home, username, private key and the
  recorded consumer key, log in and query, repeatedly, also after their sessions have ended: each
  in an org of its own, then all in one org.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from control_plane import ControlPlane
from nightly_pool import NightlyPool, claimed_pool
from salesforce_cli_command import Cli
from salesforce_cli_consumer import CliConsumer
from salesforce_cli_install import install_cli
from stored_auth_url import StoredAuthUrl, breaks, works
from trial import Trial

CONSUMERS = 20
ROUNDS = 2  # how often all sessions end


def main() -> int:
    """Install, start, run all; the exit code."""
    start, trial = install_cli(), Trial()
    # `sf org login sfdx-url` knows only https
    options = ["--tls", *sys.argv[1:], "--behavior", "refresh_rotation=on"]
    with (
        tempfile.TemporaryDirectory(prefix="rotation-") as directory,
        claimed_pool(trial, Path(directory) / "pool", "external", CONSUMERS, options) as pool,
    ):
        _stored(trial, start, Path(directory), pool)
        _ours(trial, start, pool)
    return trial.conclude()


def _stored(trial: Trial, start: list[str], folder: Path, pool: NightlyPool) -> None:
    control = ControlPlane(pool.running)
    for rotation, check in (("on", breaks), ("off", works)):
        control("PATCH", "behavior", {"refresh_rotation": rotation})
        own = folder / f"rotation-{rotation}"
        own.mkdir()
        maker = Cli(start, own / "maker", own)
        maker.trust(pool.running["ca"])
        stored = StoredAuthUrl(maker, own, control)
        hub, url = pool.running["hub_username"], pool.running["url"]
        stored.log_in_to_hub(hub, url.replace("127.0.0.1", "localhost"))
        trial.step("org create scratch with PlatformCLI, its auth URL is stored", stored.sign_up)
        check(trial, stored, *(maker.elsewhere(own / f"consumer-{one}") for one in (1, 2)))
    control("PATCH", "behavior", {"refresh_rotation": "on"})


def _ours(trial: Trial, start: list[str], pool: NightlyPool) -> None:
    """Twenty orgs with a consumer each, then one org with twenty consumers."""
    control = ControlPlane(pool.running)
    for name, orgs in ((f"{CONSUMERS} orgs", pool.orgs), ("one org", pool.orgs[:1] * CONSUMERS)):
        consumers = [
            CliConsumer(start, pool, org, f"consumer-{number}-of-{name.replace(' ', '-')}")
            for number, org in enumerate(orgs, 1)
        ]
        trial.each(f"{name}, consumers at once: sf org login jwt", consumers, CliConsumer.log_in)
        trial.each(f"{name}, consumers at once: sf data query", consumers, CliConsumer.query)
        for number in range(1, ROUNDS + 1):
            for org in set(orgs):
                control.end_sessions(org.org_id)
            again = f"{name}, sessions ended ({number}): sf data query"
            trial.each(again, consumers, CliConsumer.query)


if __name__ == "__main__":
    sys.exit(main())
