"""A pool as other tools keep it: an org's auth URL is stored, and consumers log in with it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from control_plane import ControlPlane
from nightly_pool import QUERY
from salesforce_cli_command import Cli
from trial import Trial, must

PLATFORM_CLI = "PlatformCLI"
LOST = "Error authenticating with the refresh token"  # the CLI's own words
ROUNDS = 2  # how often the sessions of a consumer end, so that its CLI refreshes
COMMANDS = 5  # of one consumer at the same time: only one of them refreshes


class StoredAuthUrl:
    """A scratch org whose auth URL is in a file; `maker` is the CLI that created the org."""

    def __init__(self, maker: Cli, folder: Path, control: ControlPlane) -> None:
        self._control = control
        self._folder = folder
        self._query = folder / "query.soql"
        self._query.write_text(QUERY)
        self.file = folder / "auth-url.txt"
        self.maker = maker
        self.org_id = ""

    def log_in_to_hub(self, username: str, url: str) -> None:
        """As after `sf org login web`: a refresh token of the CLI's own app."""
        path = f"users/{username}/refresh-token"
        token = self._control("POST", path, {"consumer_key": PLATFORM_CLI})["refresh_token"]
        file = self._folder / "hub.txt"
        file.write_text(f"force://{PLATFORM_CLI}::{token}@{url.partition('://')[2]}")
        self.maker(f"org login sfdx-url -f {file} -a hub --set-default-dev-hub")

    def sign_up(self) -> None:
        """Create an org, which the CLI signs up with its own app, and store its auth URL."""
        created = self.maker("org create scratch --edition developer -a pool -y 1 -w 10")["result"]
        self.org_id = created["orgId"]
        app = created["authFields"]["clientId"]
        must(app == PLATFORM_CLI, f"it was signed up with {app}")
        shown = self.maker("org auth show-sfdx-auth-url -o pool")["result"]["sfdxAuthUrl"]
        must(shown.startswith(f"force://{PLATFORM_CLI}::"), "another form of auth URL")
        self.file.write_text(shown)

    def log_in(self, consumer: Cli) -> None:
        """`sf org login sfdx-url`, which uses the stored refresh token."""
        consumer(f"org login sfdx-url -f {self.file} -a pool")

    def use(self, consumer: Cli) -> None:
        """Queries; between them all sessions end, and the CLI needs its refresh token."""
        self.query(consumer)
        for _ in range(ROUNDS):
            self.end_sessions()
            self.query(consumer)

    def log_in_and_use(self, consumer: Cli) -> None:
        """Both."""
        self.log_in(consumer)
        self.use(consumer)

    def end_sessions(self) -> None:
        """End all sessions of the org."""
        self._control.end_sessions(self.org_id)

    def logins(self) -> int:
        """How many requests for a token the org has had."""
        return self._control.logins(self.org_id)

    def must_have_logged_in(self, times: int) -> None:
        """The org must have had this number of them."""
        must(self.logins() == times, f"{self.logins()} requests for a token, not {times}")

    def query(self, consumer: Cli) -> None:
        """A query, for which the CLI refreshes the session if it has ended."""
        records = consumer(f"data query -f {self._query} -o pool")["result"]["records"]
        must([one["Id"] for one in records] == [self.org_id], f"another org: {records}")

    def is_lost_to(self, consumer: Cli) -> None:
        """Its session was revoked, and its refresh token is refused."""
        consumer.refused(f"data query -f {self._query} -o pool", LOST)

    def refuses(self, consumer: Cli) -> None:
        """The stored auth URL logs nobody in."""
        consumer.refused(f"org login sfdx-url -f {self.file} -a pool", LOST)


def breaks(trial: Trial, pool: StoredAuthUrl, first: Cli, second: Cli) -> None:
    """With rotation: the second login ends every login that the URL has ever given."""
    trial.step("stored auth URL: consumer 1 logs in", lambda: pool.log_in(first))
    trial.step("consumer 1 queries, also after its sessions ended", lambda: pool.use(first))
    trial.step("the sessions of consumer 1 end", pool.end_sessions)
    before = pool.logins()
    trial.each("commands of consumer 1 at once", [first] * COMMANDS, pool.query)
    trial.step("one of them has refreshed", lambda: pool.must_have_logged_in(before + 1))
    trial.step("the login of consumer 2 is refused", lambda: pool.refuses(second))
    trial.step("consumer 1 is refused now, too", lambda: pool.is_lost_to(first))
    trial.step("so is the CLI that created the org", lambda: pool.is_lost_to(pool.maker))
    trial.step("consumer 2 is refused again", lambda: pool.refuses(second))


def works(trial: Trial, pool: StoredAuthUrl, first: Cli, second: Cli) -> None:
    """Without rotation the same calls work: nothing else is the cause."""
    for number, consumer in enumerate((first, second), 1):
        name = f"without rotation: consumer {number} logs in, queries"
        trial.step(name, partial(pool.log_in_and_use, consumer))
    trial.step("without rotation: consumer 1 queries again", lambda: pool.use(first))
