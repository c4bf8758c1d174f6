"""A consumer of a pool with the Salesforce CLI: a home of its own, three values, the login host."""

from __future__ import annotations

from nightly_pool import QUERY, ClaimedOrg, NightlyPool, check_found
from salesforce_cli_command import Cli


class CliConsumer:
    """Logs in to one org with username, private key and consumer key, and queries it."""

    def __init__(self, start: list[str], pool: NightlyPool, org: ClaimedOrg, name: str) -> None:
        home = pool.folder / f"home-of-{name}"
        self._cli = Cli(start, home, home)
        if "ca" in pool.running:
            self._cli.trust(pool.running["ca"])
        self._file = home / "query.soql"
        self._file.write_text(QUERY)
        self._key = pool.running["private_key"]
        self.org = org

    def log_in(self) -> None:
        """`sf org login jwt`, as docs/login.md has it."""
        host = self.org.login_url.replace("127.0.0.1", "localhost")
        app = f"-i {self.org.consumer_key} -f {self._key}"
        self._cli(f"org login jwt -o {self.org.username} {app} -r {host}")

    def query(self) -> None:
        """A query, for which the CLI signs a new assertion if its session has ended."""
        found = self._cli(f"data query -f {self._file} -o {self.org.username}")
        check_found(self.org, found["result"])
