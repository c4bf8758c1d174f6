"""`provisioner hub app`: deploys, updates or removes the Dev Hub's own External Client App."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli.invocation import Invocation
from provisioner.cli.options import TimeScaleOption
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub
    from provisioner.config.model import PoolFile
    from provisioner.hub_app.installation import Installed
    from provisioner.salesforce.org import OrgClient


def command(
    call: Invocation,
    session_from_env: Annotated[
        bool,
        typer.Option(
            "--session-from-env",
            help="Use an administrator's session: SF_ACCESS_TOKEN and SF_INSTANCE_URL.",
        ),
    ] = False,
    rotate: Annotated[
        bool,
        typer.Option(
            "--rotate",
            help="Replace the certificate by that of the first key of private_key: [NEW, OLD].",
        ),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove the app and its permission set.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Remove the app that pool.yaml uses; rotate without the old key."
        ),
    ] = False,
    time_scale: TimeScaleOption = 1.0,
) -> None:
    """Deploy the app that builds log in with.

    The External Client App ProvisionerHub gets the certificate of dev_hub.private_key, and
    dev_hub.username gets a permission set that pre-authorizes the app and grants the rights of a
    build. The command verifies a login, and prints the `dev_hub:` block of pool.yaml, which may
    lack `consumer_key` until then. It may be run again at any time.

    With --session-from-env, the session of an administrator in SF_ACCESS_TOKEN and SF_INSTANCE_URL
    is used, and neither stored nor revoked. Otherwise dev_hub.username must be an administrator.
    """
    _check_options(rotate=rotate, remove=remove)
    config = call.load("new_hub_app")
    hub = config.dev_hub
    if rotate and hub.former_key is None and not yes:
        raise UsageError(
            "--rotate needs both keys, so that orgs with the old certificate stay usable",
            hint="write private_key: [NEW, OLD] in pool.yaml; if the old key is lost, pass --yes",
        )
    with _client(call, config, time_scale, from_env=session_from_env) as client:
        if remove:
            _remove(call, hub, client, time_scale, is_confirmed=yes)
        else:
            _install(call, hub, client, time_scale, rotate=rotate)


def _check_options(*, rotate: bool, remove: bool) -> None:
    if rotate and remove:
        raise UsageError("--rotate and --remove exclude each other", hint="pass one of them")


@contextmanager
def _client(
    call: Invocation, config: PoolFile, time_scale: float, *, from_env: bool
) -> Iterator[OrgClient]:
    """The Dev Hub's API, with the session of the environment or of `dev_hub`."""
    from provisioner.hub_app.session import TOKEN, administrator

    if from_env:
        call.output.hide([call.environ.get(TOKEN, "")])
        with administrator(config.dev_hub, call.environ, time_scale=time_scale) as client:
            yield client
        return
    if not config.dev_hub.consumer_key:
        raise UsageError(
            "dev_hub has no consumer_key yet, so dev_hub.username cannot log in",
            code="no_session",
            hint="pass --session-from-env, with the session of an administrator of the Dev Hub in "
            "the environment; see `provisioner hub app --help`",
        )
    from provisioner.builder.connections import Connections
    from provisioner.salesforce.external_client_app import enough
    from provisioner.salesforce.org import OrgClient

    with Connections(config, time_scale=time_scale) as connections:
        client = connections.hub.client
        yield OrgClient(client.session, enough(client.api_version))


def _install(
    call: Invocation, hub: DevHub, client: OrgClient, time_scale: float, *, rotate: bool
) -> None:
    from provisioner.hub_app.installation import install
    from provisioner.hub_app.session import org_id
    from provisioner.hub_app.verification import verify

    say = call.output.say
    done = install(client, org_id(client), hub, rotate=rotate, say=say, time_scale=time_scale)
    instance_url = client.session.instance_url
    verify(hub, done.consumer_key, instance_url, say=say, time_scale=time_scale)
    say(f"{hub.username} can log in through the app")
    if hub.consumer_key and hub.consumer_key != done.consumer_key:
        call.output.warn(
            "dev_hub.consumer_key of pool.yaml is not that of the app, whose key never changes: "
            "use the one below"
        )
    _show(call, done, instance_url)


def _show(call: Invocation, done: Installed, instance_url: str) -> None:
    from provisioner.config.written import as_yaml, dev_hub_as_written
    from provisioner.hub_app.state import NAME

    written = dev_hub_as_written(call.config)
    block = _block(written, done.consumer_key, instance_url)
    document: dict[str, Any] = {
        "app": NAME,
        "permission_set": NAME,
        "new": done.is_new,
        "rotated": done.is_rotated,
        "dev_hub": block,
    }
    call.output.say("Put this into pool.yaml:" if written != block else "pool.yaml is up to date.")
    call.output.result(as_yaml(block), document)


def _block(
    written: Mapping[str, str | list[str]], consumer_key: str, instance_url: str
) -> dict[str, str | list[str]]:
    """`dev_hub` as pool.yaml has it, with the app's consumer key and the Dev Hub's own address."""
    first = {name: written[name] for name in ("username",) if name in written}
    return {**first, "consumer_key": consumer_key, **written} | {
        "consumer_key": consumer_key,
        "login_url": instance_url,
    }


def _remove(
    call: Invocation, hub: DevHub, client: OrgClient, time_scale: float, *, is_confirmed: bool
) -> None:
    from provisioner.hub_app.removal import remove
    from provisioner.hub_app.state import NAME

    say = call.output.say
    was_there = remove(client, hub, is_confirmed=is_confirmed, say=say, time_scale=time_scale)
    text = f"The app {NAME} was removed." if was_there else f"The Dev Hub has no app {NAME}."
    call.output.result(text, {"removed": was_there})
