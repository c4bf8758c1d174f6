"""The credentials of a login: from the command line, a manifest, or the ledger and pool.yaml.

The username is always enough. The consumer key is the one that the ledger or a manifest has; if it
has none that works, it is the Dev Hub's own, or the one that is derived from the username.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.declare.secret import Secret
from provisioner.errors import NoOrgError
from provisioner.ledger.personas import login_name, org_of
from provisioner.org_credentials import app_credentials, from_ledger, org_endpoints
from provisioner.salesforce.app_keys import derived_consumer_key
from provisioner.salesforce.keys import PASSPHRASE_VARIABLE
from provisioner.salesforce.login_endpoints import SANDBOX, user_endpoints
from provisioner.salesforce.sign_in import Credentials
from provisioner.steps.persona_names import persona_username

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org


@dataclass(frozen=True)
class Options:
    """Optional values of the command line that override `pool.yaml` and the ledger."""

    consumer_key: str = ""
    key: Path | None = None
    login_url: str = ""
    is_without_pool_file: bool = False  # there is none at the path of --config
    manifest: Path | None = None
    user: str = ""  # the persona of a user of the org; else the username says who logs in

    @property
    def are_complete(self) -> bool:
        """Whether a login needs neither `pool.yaml` nor the ledger."""
        return bool(self.key and (self.consumer_key or self.is_without_pool_file or self.manifest))


@dataclass(frozen=True)
class Candidate:
    """Credentials to try, and where their consumer key comes from, as `from the ledger`."""

    credentials: Credentials
    source: str


def find_credentials(
    username: str,
    options: Options,
    environ: Mapping[str, str],
    load: Callable[[], PoolFile],
    on_found: Callable[[Org], None] = lambda _org: None,
) -> list[Candidate]:
    """The credentials of `username` in the order in which they are tried.

    They come from the options if those are complete, else from the ledger. `load` reads `pool.yaml`
    when it is needed. `on_found` is called with the ledger's row. Raises NoOrgError for an unknown
    username, and whatever `load` and `on_found` raise.
    """
    if options.manifest:
        return _from_manifest(username, options.manifest, options, environ, load)
    if options.are_complete:
        found = [from_options(username, options, environ)]
        return _for_user(found, persona_username(options.user, username) if options.user else "")
    from provisioner.ledger import open_ledger

    pool = load()
    ledger = open_ledger(pool.ledger, pool.directory, pool.dev_hub)
    try:
        org = org_of(ledger, username)
    finally:
        ledger.close()
    if org is None:
        raise NoOrgError(
            f"the ledger has no scratch org {username}",
            code="unknown_username",
            hint="run `provisioner status` to list the orgs; for an org outside of the ledger, "
            "pass --consumer-key, --key and --login-url",
        )
    found = of_row(org, pool)
    name = login_name(org.username, org.users, username, options.user)
    on_found(org)
    if options.consumer_key:
        found = found[:1]
    candidates = [
        Candidate(_override(each.credentials, options, environ), each.source) for each in found
    ]
    return _for_user(candidates, name)


def of_row(org: Org, pool: PoolFile) -> list[Candidate]:
    """The credentials of the own user of an org in the ledger, in the order of the attempts.

    Raises NoOrgError for an org that is deleted or not ready yet.
    """
    return _candidates(from_ledger(org, pool), pool, "from the ledger")


def _for_user(candidates: list[Candidate], username: str) -> list[Candidate]:
    """The candidates for a user of the org whose apps they are; "" for the org's own user."""
    return [
        replace(one, credentials=replace(one.credentials, username=username)) if username else one
        for one in candidates
    ]


def _candidates(found: Credentials, pool: PoolFile, source: str) -> list[Candidate]:
    """The consumer key of `source`, the Dev Hub's own, and the derived one; each once."""
    app = pool.consumer_app
    others = {
        app.consumer_key: "of the Dev Hub's app",
        derived_consumer_key(found.username): "derived from the username",
    }
    others.pop(found.consumer_key, None)
    return [
        Candidate(found, source),
        *(
            Candidate(app_credentials(app, found.username, key, found.endpoints), of)
            for key, of in others.items()
        ),
    ]


def _from_manifest(
    username: str,
    manifest: Path,
    options: Options,
    environ: Mapping[str, str],
    load: Callable[[], PoolFile],
) -> list[Candidate]:
    """The credentials of an org in a manifest; its key is --key, or that of `pool.yaml`."""
    from provisioner.manifest_file import read_entry

    entry = read_entry(manifest, username)
    name = login_name(entry.username, entry.users, username, options.user)
    username = entry.username
    named = replace(
        options,
        consumer_key=options.consumer_key or entry.consumer_key,
        login_url=options.login_url or entry.login_url,
    )
    if options.key is None:
        pool = load()
        app = pool.consumer_app
        endpoints = org_endpoints(username, named.login_url, pool.dev_hub)
        key = named.consumer_key or app.consumer_key
        found = app_credentials(app, username, key, endpoints)
        return _for_user(_candidates(found, pool, "from the manifest"), name)
    derived = from_options(username, replace(named, consumer_key=""), environ)
    found_in = [replace(from_options(username, named, environ), source="from the manifest")]
    return _for_user([*(found_in if named.consumer_key else ()), derived], name)


def from_options(username: str, options: Options, environ: Mapping[str, str]) -> Candidate:
    """The credentials of a login without `pool.yaml` and ledger."""
    assert options.key is not None
    is_named = bool(options.consumer_key)
    credentials = Credentials(
        username,
        options.consumer_key if is_named else derived_consumer_key(username),
        options.key,
        _passphrase(environ),
        user_endpoints(options.login_url or SANDBOX),
    )
    return Candidate(credentials, "as given" if is_named else "derived from the username")


def _override(found: Credentials, options: Options, environ: Mapping[str, str]) -> Credentials:
    """The credentials of the ledger, with the values of the command line."""
    if options.consumer_key:
        found = replace(found, consumer_key=options.consumer_key)
    if options.login_url:
        found = replace(found, endpoints=user_endpoints(options.login_url))
    if options.key:
        passphrase = _passphrase(environ)
        found = replace(found, key=options.key, passphrase=passphrase, former_key=None)
    return found


def _passphrase(environ: Mapping[str, str]) -> Secret | None:
    """The passphrase of the key file that the command line names."""
    passphrase = environ.get(PASSPHRASE_VARIABLE)
    return Secret(passphrase) if passphrase else None
