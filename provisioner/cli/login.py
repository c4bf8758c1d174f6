"""`provisioner login`: logs in by JWT for scripts, a browser or the Salesforce CLI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.invocation import Invocation
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Org
    from provisioner.login import Session


def command(
    call: Invocation,
    username: Annotated[str, typer.Argument(help="Username of the org.", metavar="USERNAME")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- COMMAND…]", help="With --exec: the command to run."),
    ] = None,
    opens: Annotated[
        bool, typer.Option("--open", help="Open the org in a browser, logged in.")
    ] = False,
    url: Annotated[
        bool, typer.Option("--url", help="Print a single-use login link for a browser.")
    ] = False,
    sf: Annotated[bool, typer.Option("--sf", help="Also log the Salesforce CLI in.")] = False,
    alias: Annotated[
        str, typer.Option(metavar="NAME", help="With --sf: the alias of the org.")
    ] = "",
    default: Annotated[
        bool, typer.Option("--default", help="With --sf: make it the default org.")
    ] = False,
    execute: Annotated[
        bool, typer.Option("--exec", help="Run COMMAND with the session in its environment.")
    ] = False,
    owner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Your owner name; by default git's user.email or the OS user."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if the owner has not claimed the org.")
    ] = False,
    consumer_key: Annotated[
        str, typer.Option(metavar="KEY", help="Consumer key of the app; default: the ledger's.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Private key file; by default the key of pool.yaml."),
    ] = None,
    login_url: Annotated[
        str, typer.Option(metavar="URL", help="Where to log in; by default the org's host.")
    ] = "",
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Manifest with the consumer key and the login URL of the org."
        ),
    ] = None,
    user: Annotated[
        str,
        typer.Option(metavar="PERSONA", help="A user of the org that create_users has made."),
    ] = "",
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say which consumer key was used.")
    ] = False,
) -> None:
    """Log in to an org with its username and the private key.

    With --consumer-key and --key, neither pool.yaml nor the ledger is read. The access token is
    printed only with --json. SF_PRIVATE_KEY_PASSPHRASE is the passphrase of the key.

    Without --consumer-key, these are tried: the ledger's or the manifest's, the one of the Dev
    Hub's app, and the one that a build derives from the username. With --key and no pool.yaml, only
    the derived one is.

    USERNAME may also be that of a user whom create_users has made; --user names such a user of the
    org USERNAME by the persona, as in `login USERNAME --user agent`.

    Prints a warning when nobody, or another owner, has claimed the org; with --strict this is an
    error with exit code 7.

    --exec runs a command instead: `login USERNAME --exec -- python seed.py`. The command gets
    SCRATCH_ORG_USERNAME, SCRATCH_ORG_ID, SCRATCH_ORG_INSTANCE_URL and SCRATCH_ORG_ACCESS_TOKEN in
    its environment.
    """
    from provisioner.cli.holder import watch_holder
    from provisioner.cli.sf_handover import log_sf_in, sf_options
    from provisioner.credentials import Options, find_credentials
    from provisioner.login import login_by_any

    _check_command(arguments or [], execute=execute)
    options_of_sf = sf_options(alias, default=default, sf=sf)
    sf_path = _sf() if sf else ""
    options = Options(consumer_key, key, login_url, not call.config.exists(), manifest, user)
    if strict and (options.are_complete or manifest):
        raise UsageError(
            "--strict needs the ledger, which is not read with --key or --manifest",
            hint="omit --strict, or omit --key and use the key of pool.yaml",
        )

    def watch(org: Org) -> None:
        watch_holder(call, org, owner, strict=strict)

    found = find_credentials(username, options, call.environ, lambda: _load(call), watch)
    session, used = login_by_any(found)
    if verbose:
        call.output.say(f"Logged in with the consumer key {used.source}: {session.consumer_key}")
    if sf_path:
        log_sf_in(call, sf_path, used.credentials, session, options_of_sf)
    if execute:
        from provisioner.cli.run_with_session import run

        run(arguments or [], session, call.child_environment())
    link = _link(session) if opens or url else ""
    if opens and not url:
        _browse(call, session, link)
    _show(call, session, link if url else "")


def _check_command(arguments: list[str], *, execute: bool) -> None:
    if execute and not arguments:
        raise UsageError(
            "--exec needs a command",
            hint="for example: provisioner login USERNAME --exec -- COMMAND…",
        )
    if arguments and not execute:
        raise UsageError(
            f"unexpected argument {arguments[0]!r}", hint="to run a command, put --exec before --"
        )


def _load(call: Invocation) -> PoolFile:
    """pool.yaml. If it does not exist, the error says how to log in without it."""
    if not call.config.exists():
        raise UsageError(
            f"{call.config} does not exist; it names the ledger and the private key",
            code="no_pool_file",
            hint="pass its path with --config FILE, or log in without it: "
            "--consumer-key KEY --key FILE [--login-url URL]",
        )
    return call.load("hub_and_ledger")


def _sf() -> str:
    from provisioner.cli.salesforce_cli import find_sf

    return find_sf()


def _link(session: Session) -> str:
    from provisioner.salesforce.singleaccess import single_use_link

    return single_use_link(session.instance_url, session.access_token)


def _browse(call: Invocation, session: Session, link: str) -> None:
    from provisioner.cli.browser import open_in_browser

    open_in_browser(link, call.child_environment())
    call.output.say(f"Opened {session.instance_url} in a browser.")


def _show(call: Invocation, session: Session, link: str) -> None:
    """Print the session, with --url only the link, or with --json both."""
    lines = (
        f"username      {session.username}",
        f"org id        {session.org_id}",
        f"instance URL  {session.instance_url}",
    )
    document = session.as_json()
    with_link = {**document, "url": link} if link else document
    call.output.result(link or lines, with_link, with_credential=True)
    if not (link or call.output.as_json):
        call.output.say("Logged in. Use --json to print the access token.")
