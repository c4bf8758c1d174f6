"""What `provisioner serve` offers to whom, as `pool.yaml` declares it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from provisioner.config.agents import Agents
from provisioner.config.checks import nearest
from provisioner.config.notify import LOOPBACK
from provisioner.declare.options import Finding, option
from provisioner.declare.secret import Secret

_HEADER = r"[A-Za-z][A-Za-z0-9-]{0,63}"
_A_HEADER = "the name of an HTTP header, as X-Forwarded-User"


def url_rule(text: str) -> str:
    """The problem of the URL of a server, or "". http is for loopback only."""
    try:
        url = urlsplit(text)
        host = url.hostname or ""
    except ValueError:
        host = ""
    if not host or url.scheme not in ("https", "http"):
        return "is not a URL; write https://HOST"
    if url.scheme == "http" and host not in LOOPBACK:
        return "does not use https; write https://HOST (http is for 127.0.0.1 only)"
    return ""


def address_rule(text: str) -> str:
    """The problem of an IP address or network, or ""."""
    try:
        ip_network(text)
    except ValueError:
        return "is not an IP address or network; write it as 10.0.0.5 or 10.0.0.0/24"
    return ""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Sign-in with an identity provider by OpenID Connect."""

    issuer: str = option(
        "the identity provider", rule=url_rule, example="https://login.acme.example"
    )
    client_id: str = option("the server's client id at the identity provider", example="pools")
    client_secret: Secret = option(
        "the server's secret at the identity provider", example="${OIDC_SECRET}"
    )
    scopes: tuple[str, ...] = option(
        "the scopes that the sign-in asks for", default=("openid", "profile", "email", "groups")
    )
    user_claim: str = option("the claim with the name of the person", default="email")
    groups_claim: str = option("the claim with the groups of the person", default="groups")


@dataclass(frozen=True, kw_only=True)
class ProxySignIn:
    """Sign-in by a reverse proxy, which sends the name of the person in a header."""

    addresses: tuple[str, ...] = option(
        "the proxy's addresses; requests from others are refused",
        minimum=1,
        rule=address_rule,
        example=("10.0.0.5",),
    )
    user_header: str = option(
        "the header with the name of the person",
        default="X-Forwarded-User",
        pattern=_HEADER,
        expects=_A_HEADER,
    )
    groups_header: str = option(
        "the header with the person's groups, separated by commas",
        default="X-Forwarded-Groups",
        pattern=_HEADER,
        expects=_A_HEADER,
    )


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The groups that have a role. `everyone` is each person who has signed in."""

    viewer: tuple[str, ...] = option("sees the pools and their orgs", default=())
    claimer: tuple[str, ...] = option(
        "also claims orgs, and gets sessions of its own claims", default=(), is_single=True
    )
    operator: tuple[str, ...] = option(
        "also sees all claims, and extends and releases them; gets no session of them",
        default=(),
        is_single=True,
    )


@dataclass(frozen=True, kw_only=True)
class CiJob:
    """Jobs that may claim with the OIDC token of their CI system. All given values must match."""

    issuer: str = option(
        "who signs the token",
        rule=url_rule,
        example="https://token.actions.githubusercontent.com",
    )
    audience: str = option("the audience that the job asks for", example="provisioner")
    repository: str = option(
        "the repository (GitHub) or the path of the project (GitLab)", example="acme/app"
    )
    ref: str = option(
        "the full name of the branch or tag; by default any",
        default="",
        example="refs/heads/main",
    )
    environment: str = option("the deployment environment; by default any", default="")
    pools: tuple[str, ...] = option(
        "the pools from which the job may claim", minimum=1, is_single=True, example=("morning",)
    )


@dataclass(frozen=True, kw_only=True)
class Tls:
    """The certificate with which the server itself answers by https."""

    certificate: Path = option("a PEM file with the chain", path="file", example="server.crt")
    private_key: Path = option("a PEM file with its key", path="file", example="server.key")


@dataclass(frozen=True, kw_only=True)
class Server:
    """Used only by `serve`. Without `sign_in` and `proxy` it serves one person on this machine."""

    url: str = option(
        "the address that people open",
        default="",
        rule=lambda text: url_rule(text) if text else "",
        example="https://pools.acme.example",
    )
    sign_in: SignIn | None = option("the identity provider for people", default=None)
    proxy: ProxySignIn | None = option("a reverse proxy that signs people in", default=None)
    tls: Tls | None = option("the certificate of the server", default=None)
    roles: Roles = option(
        "what the groups of the sign-in may do; a pool may have its own", default=Roles()
    )
    ci: tuple[CiJob, ...] = option("the CI jobs that claim without a secret", default=())
    metrics_token: Secret | None = option(
        "who sends it may read /metrics, and nothing else; by default only operators may",
        default=None,
        example="${METRICS_TOKEN}",
    )

    def check(self, directory: Path) -> Iterable[Finding]:  # noqa: ARG002 - the contract
        """Report values that contradict each other."""
        if self.sign_in and self.proxy:
            yield Finding("proxy", "excludes sign_in; write one of them")
        if self.sign_in and not self.url:
            text = "is missing; sign_in needs the address to which the identity provider returns"
            yield Finding("url", text)


def unknown_pools(
    server: Server | None, agents: Agents | None, known: Collection[str]
) -> Iterator[Finding]:
    """Report the pools of CI jobs and agents that pool.yaml does not have."""
    named = [("mcp.pools", agents.pools)] if agents else []
    if server:
        named += [(f"server.ci.{index}.pools", job.pools) for index, job in enumerate(server.ci)]
    for field, pools in named:
        for index, name in enumerate(pools):
            if name not in known:
                near = nearest(name, known)
                advice = f"did you mean {near}?" if near else f"the pools are {', '.join(known)}"
                yield Finding(f"{field}.{index}", f"there is no pool {name}; {advice}")
