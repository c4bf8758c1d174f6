"""The Dev Hub and its connected apps, as `pool.yaml` declares them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from provisioner.config.checks import is_exposed
from provisioner.config.rules import is_clear_text, is_salesforce_host, login_url_rule
from provisioner.declare.options import Finding, option
from provisioner.declare.secret import Secret

PASSPHRASE_VARIABLE = "SF_PRIVATE_KEY_PASSPHRASE"  # noqa: S105 - a name, not a value


@dataclass(frozen=True, kw_only=True)
class ConnectedApp:
    """A connected app of the Dev Hub that JWT bearer logins use.

    Source: docs/reference/login.md#request-and-answer.
    """

    consumer_key: str = option(
        "the consumer key (client id) of the connected app",
        pattern=r"\S+",
        expects="the consumer key that the connected app's page shows",
        example="${SF_CONSUMER_KEY}",
    )
    private_key: Path | Secret = option(
        "the private key of the app's certificate: a path, or ${NAME} that holds the PEM text; "
        "while a key is replaced, both: [NEW, OLD]",
        path="file",
        example="~/.certs/server.key",
        most=2,
    )
    private_key_passphrase: Secret | None = option(
        "the passphrase of an encrypted private key",
        default=None,
        variable=PASSPHRASE_VARIABLE,
    )
    certificate: Path | None = option(
        "the app's certificate: a deploy of an app carries it, and `check` checks it; by default "
        "a certificate is made from the private key, and `check` reads the file beside the key "
        "that has its name and .crt, .pem or .cer",
        default=None,
        path="file",
    )
    former_key: Path | Secret | None = None
    """The second key of `private_key: [NEW, OLD]`: orgs and apps that still have the certificate of
    the old key accept it. Both have the same passphrase, if any."""

    @property
    def private_keys(self) -> Mapping[str, Path | Secret]:
        """The keys in the order in which logins try them, by their location in pool.yaml."""
        if self.former_key is None:
            return {"private_key": self.private_key}
        return {"private_key.0": self.private_key, "private_key.1": self.former_key}

    def check(self, directory: Path) -> Iterable[Finding]:
        """Warn about a key file that others on this machine can read."""
        for location, key in self.private_keys.items():
            if isinstance(key, Path) and is_exposed(directory / key):
                message = f"others on this machine can read this key; run chmod 600 {key}"
                yield Finding(location, message, is_warning=True)


@dataclass(frozen=True, kw_only=True)
class ScratchApp(ConnectedApp):
    """A second app of the Dev Hub: its key logs in to the scratch orgs, not to the Dev Hub."""


@dataclass(frozen=True, kw_only=True)
class DevHub(ConnectedApp):
    """The org that creates the scratch orgs, and how to log in to it."""

    username: str = option(
        "the Dev Hub user that builds the pools",
        pattern=r"[^@\s]+@[^@\s]+",
        expects="a Salesforce username like hub@acme.example",
        example="hub@acme.example",
    )
    login_url: str = option(
        "where that user logs in: the generic host, a My Domain, or an emulator",
        default="https://login.salesforce.com",
        rule=login_url_rule,
    )
    scratch_login_url: str | None = option(
        "where users of scratch orgs log in; by default https://test.salesforce.com, and for an "
        "emulator its own URL",
        default=None,
        rule=login_url_rule,
    )
    login_app: Literal["auto", "replicated", "deployed"] = option(
        "how scratch orgs get the app that consumers log in through: `replicated` by the sign-up, "
        "from the Dev Hub; `deployed` by the build, each org its own; `auto` finds out",
        default="auto",
    )
    api_version: str | None = option(
        "the API version of all calls; by default the newest that the Dev Hub offers",
        default=None,
        pattern=r"[1-9][0-9]{1,2}\.0",
        expects='an API version like "68.0"',
        example="68.0",
    )

    def __post_init__(self) -> None:
        """Remove the slash at the end of each URL."""
        object.__setattr__(self, "login_url", self.login_url.rstrip("/"))
        if self.scratch_login_url:
            object.__setattr__(self, "scratch_login_url", self.scratch_login_url.rstrip("/"))

    @property
    def effective_scratch_login_url(self) -> str:
        """Where users of scratch orgs log in: as configured, or else by the kind of `login_url`."""
        if self.scratch_login_url:
            return self.scratch_login_url
        if is_salesforce_host(self.login_url):
            return "https://test.salesforce.com"
        return self.login_url

    def check(self, directory: Path) -> Iterable[Finding]:
        """Also warn about logins that are not encrypted on the network."""
        yield from super().check(directory)
        for name in ("login_url", "scratch_login_url"):
            if is_clear_text(getattr(self, name) or ""):
                message = "logins over http are not encrypted on the network; write https"
                yield Finding(name, message, is_warning=True)


@dataclass(frozen=True, kw_only=True)
class HubWithoutApp(DevHub):
    """A Dev Hub whose app is still to be deployed: it may have no consumer key yet."""

    consumer_key: str = option(
        "the consumer key that the app gets; by default Salesforce generates it",
        default="",
        pattern=r"\S+",
        expects="a consumer key",
    )
