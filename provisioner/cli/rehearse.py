"""`provisioner rehearse`: a whole build of this pool.yaml on a private emulator."""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli.build import PoolsArgument
from provisioner.cli.invocation import Invocation
from provisioner.cli.watching import view_of
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioner.builder.result import BuildResult
    from provisioner.cli.real_hub import RealHub
    from provisioner.config.model import PoolFile
    from provisioner.ledger.base import Ledger, Org
    from provisioner.rehearsal.emulator import RunningEmulator


def command(
    call: Invocation,
    pools: PoolsArgument = None,
    faults: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON file with faults that the emulator injects, or the name of a bundled one: "
            "worst-monday.",
        ),
    ] = None,
    packages: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="JSON file with the packages that exist and their contents."
        ),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:NAME",
            help="A component that every org has, for example permission-set:Acme_Admin, "
            "object:Acme__c or field:Account.Acme__c; repeatable.",
        ),
    ] = None,
    limits: Annotated[
        str,
        typer.Option(
            metavar="active=N,daily=N",
            help="Scratch org limits of the emulated Dev Hub. By default those that `check --probe`"
            " has found on yours, else enough for every pool.",
        ),
    ] = "",
    speed: Annotated[
        float, typer.Option(metavar="N", help="How many times faster than real time.", min=1.0)
    ] = 100.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed for the emulator's durations.")] = 1,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            help="At the end, keep the emulator and the ledger until Ctrl-C, and print a variable "
            "with which other commands work on them.",
        ),
    ] = False,
) -> int:
    """Build this pool.yaml on a private emulator, without an account or quota.

    Builds the pools, claims an org, and logs in to it with its username and the private key. It
    simulates what the ledger knows of your Dev Hub (`check --probe`). The exit codes are those of
    `build`.
    """
    from provisioner.builder.selection import select_pools
    from provisioner.cli.real_hub import real_hub
    from provisioner.rehearsal import hub_facts
    from provisioner.rehearsal.emulator import emulator, require_emulator

    require_emulator()
    faults = _fault_path(faults)
    real = real_hub(call)
    config, assumed = _config(call)
    selected = select_pools(config, pools)
    options = ["--speed", f"{speed:g}", "--seed", str(seed)]
    options += hub_facts.emulator_options(real.facts)
    options += ["--limits", hub_facts.limits(real.facts, limits)]
    options += ["--faults", str(faults)] if faults else []
    with (
        tempfile.TemporaryDirectory(prefix="provisioner-rehearsal-") as folder,
        emulator(Path(folder), options) as running,
    ):
        call.output.say(f"Emulated Dev Hub at {running.url} ({speed:g}× speed)")  # noqa: RUF001 - the sign is meant
        if text := hub_facts.sentence(real.facts):
            call.output.say(text)
        for sentence in assumed:
            call.output.say(sentence)
        latencies = hub_facts.latencies(real.facts, hub_facts.latencies_in(faults))
        running.change_latencies(latencies)
        _prepare(running, config, assume or (), packages)
        rehearsed = running.rehearsed(Path(folder), real.login_app, speed)
        exports = rehearsed.write() if serve else {}
        played = replace(
            config,
            dev_hub=rehearsed.dev_hub,
            ledger=rehearsed.ledger,
            time_scale=rehearsed.time_scale,
        )
        code = _build_and_log_in(call, played, selected, real, exports)
        for note in running.notes():
            call.output.warn(note)
        if serve:
            _wait(call)
        else:
            call.output.say(
                "The emulator has stopped. Use --serve to keep it running and try the login."
            )
    return code


def _build_and_log_in(
    call: Invocation,
    config: PoolFile,
    pools: Sequence[str],
    real: RealHub,
    exports: Mapping[str, str],
) -> int:
    from provisioner.builder.context import Options
    from provisioner.builder.run import build
    from provisioner.ledger import open_ledger
    from provisioner.report.build import build_text

    output = call.output
    view = view_of(output)
    ledger = open_ledger(config.ledger, config.directory)
    ledger.record_facts(config.facts_subject, real.facts)
    try:
        with view.display():
            result = build(config, pools, ledger, view, Options(time_scale=config.time_scale))
        for line in build_text(result):
            output.say(line)
        claimed = _claim_and_log_in(call, config, ledger) if result.built else None
    finally:
        ledger.close()
    _show(call, result, claimed, exports)
    return result.exit_code


def _fault_path(named: Path | None) -> Path | None:
    """The file of faults that the option names. Raises UsageError."""
    from provisioner.emulator.scenarios import ScenarioError, fault_path

    try:
        return fault_path(named) if named else None
    except ScenarioError as error:
        raise UsageError(f"--faults: {error}") from None


def _config(call: Invocation) -> tuple[PoolFile, list[str]]:
    """pool.yaml without its Dev Hub, which need not be set up yet, and what is assumed of it.

    Raises ConfigError.
    """
    from provisioner.config.load import load
    from provisioner.config.placeholders import Placeholders
    from provisioner.config.rehearsed import not_yet

    environ = Placeholders(call.environ)
    config = load(call.config, environ=environ, rehearsed=not_yet())
    return config, [
        *(
            f"Assuming that the namespace {name} is linked to the Dev Hub."
            for name in sorted(_namespaces(config))
        ),
        *(
            f"The environment variable {name} is not set; the rehearsal uses a placeholder."
            for name in sorted(environ.used)
        ),
    ]


def _namespaces(config: PoolFile) -> set[str]:
    """The namespaces that the definitions of the pools sign up with."""
    return {
        str(definition.content["namespace"])
        for pool in config.pools.values()
        for definition in pool.definitions
        if definition.content.get("namespace")
    }


def _prepare(
    running: RunningEmulator, config: PoolFile, assumed: Iterable[str], packages: Path | None
) -> None:
    """Tell the emulator what the real Dev Hub and its orgs have. Raises UsageError."""
    running.link_namespaces(_namespaces(config))
    running.assume([*assumed, *config.rehearsal.assume])
    if packages:
        running.add_packages(packages)
    if config.rehearsal.packages:
        running.add_packages(config.directory / config.rehearsal.packages)


def _claim_and_log_in(call: Invocation, config: PoolFile, ledger: Ledger) -> dict[str, Any]:
    """Claim an org and log in to it with the private key only, as a consumer does."""
    from provisioner.claim.rules import claim
    from provisioner.credentials import Options, find_credentials
    from provisioner.login import identity, login_by_any

    org: Org = claim(ledger, owner="rehearsal", pools=config.pools)
    key, url = config.dev_hub.private_key, config.dev_hub.login_url
    assert isinstance(key, Path)
    options = Options("", key, url)
    found = find_credentials(org.username, options, call.environ, lambda: config)
    session, _ = login_by_any(found)
    claims = identity(session)
    command = ["provisioner", "login", org.username, "--consumer-key", session.consumer_key]
    command += ["--key", str(key), "--login-url", url]
    return {
        "username": org.username,
        "org_id": claims["organization_id"],
        "instance_url": org.instance_url,
        "command": shlex.join(command),
    }


def _show(
    call: Invocation,
    result: BuildResult,
    claimed: dict[str, Any] | None,
    exports: Mapping[str, str],
) -> None:
    from provisioner.rehearsal import unknown
    from provisioner.report.build import build_document

    errors = [org.error for org in result.failed]
    assumable = unknown.assumptions(errors)
    document = {**build_document(result), "claimed": claimed, "assumable": assumable}
    document |= {"environment": exports} if exports else {}
    text = ["No org was built, so none was claimed."]
    if claimed is not None:
        text = [
            f"claimed   {claimed['username']}",
            f"org id    {claimed['org_id']}  (from the org's identity endpoint)",
            f"login     {claimed['command']}",
        ]
    text += [f"shell     export {name}={shlex.quote(value)}" for name, value in exports.items()]
    call.output.result(text, document)
    error = result.error()
    if error is not None:
        call.output.error(error.message, hint=error.hint)
    for sentence in unknown.advice(errors):
        call.output.warn(sentence)


def _wait(call: Invocation) -> None:
    """Serve until Ctrl-C, so that other commands on this machine can work on the rehearsal."""
    import threading

    try:  # includes the message: a reader of it may stop this process at once
        call.output.say(
            "In a shell with this variable, commands work on the rehearsal, not on the Dev Hub."
        )
        call.output.say("The emulator keeps running. Press Ctrl-C to stop it.")
        threading.Event().wait()
    except KeyboardInterrupt:
        call.output.say("Stopped.")
