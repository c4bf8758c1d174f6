"""`provisioner emulator`: serves an emulated Dev Hub and its scratch orgs until it is stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.errors import UsageError
from provisioner.output import Output


def command(
    port: Annotated[
        int,
        typer.Option(
            metavar="N", help="Port on 127.0.0.1; 0 chooses a free one.", min=0, max=65535
        ),
    ] = 0,
    certificate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Certificate (PEM) of the connected app; by default a key pair is generated.",
        ),
    ] = None,
    consumer_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Consumer key of the Dev Hub's connected app.")
    ] = None,
    hub_username: Annotated[
        str | None, typer.Option(metavar="USERNAME", help="Username of the Dev Hub user.")
    ] = None,
    hub_app: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="App of the Dev Hub: connected, external (an External Client App that sign-ups do "
            "not carry) or external-replicated (one that they carry).",
        ),
    ] = "connected",
    hub_user: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="The Dev Hub user: administrator, or integration (a user of the Salesforce "
            "Integration licence without rights; the administrator is admin@…).",
        ),
    ] = "administrator",
    behavior: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="How the platform behaves where it is not known; may be repeated. "
            "docs/emulator.md lists the switches.",
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            metavar="N", help="How many times faster than real time operations are.", min=0.001
        ),
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed of ids, tokens, durations and faults.")
    ] = 0,
    faults: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="JSON file with faults and latencies, or the name worst-monday."
        ),
    ] = None,
    limits: Annotated[
        str, typer.Option(metavar="active=N,daily=N", help="Scratch org limits of the Dev Hub.")
    ] = "",
    packages: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="JSON file with the package versions that exist; default: any."
        ),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https with a generated certificate authority.")
    ] = False,
    instant: Annotated[
        bool,
        typer.Option("--instant", help="No delays: operations are complete at the first poll."),
    ] = False,
    no_dev_hub: Annotated[
        bool, typer.Option("--no-dev-hub", help="Serve an org that is not a Dev Hub.")
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for the generated key; default: a temporary folder."
        ),
    ] = None,
) -> None:
    """Serve an emulated Dev Hub and its scratch orgs over HTTP until SIGTERM or Ctrl-C.

    When the server is ready, it prints one line of JSON: url, consumer_key, hub_username,
    private_key (a path) and, with --tls, ca (a path); with --hub-user integration also
    admin_username. The control plane is below /_emulator/.
    The command needs the extra `emulator`: pip install 'provisioner[emulator]'.
    """
    from provisioner.rehearsal.emulator import require_emulator

    require_emulator()
    from provisioner.emulator.command import EmulatorOptions, OptionError, serve
    from provisioner.emulator.world import DEFAULT_CONSUMER_KEY, DEFAULT_HUB_USERNAME

    options = EmulatorOptions(
        port=port,
        certificate=certificate,
        consumer_key=consumer_key or DEFAULT_CONSUMER_KEY,
        hub_username=hub_username or DEFAULT_HUB_USERNAME,
        hub_app=hub_app,
        hub_user=hub_user,
        behavior=tuple(behavior or ()),
        speed=speed,
        instant=instant,
        seed=seed,
        faults=faults,
        limits=limits,
        packages=packages,
        tls=tls,
        is_dev_hub=not no_dev_hub,
        keys=keys,
    )
    try:
        serve(options, lambda line: Output().result(line, None))
    except OptionError as error:
        raise UsageError(str(error), hint=error.hint) from error
