"""Where a PostgreSQL ledger is: its URL taken apart, and a name for it that holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.errors import UsageError

_FORM = "postgresql://USER@HOST:5432/DATABASE"
_ESCAPED = "in a user name or password, write %40 for @, %2F for /, and %3A for :"

_DEFAULTS = {
    "connect_timeout": "10",
    "fallback_application_name": "provisioner",
    # A peer that is gone is noticed in half a minute, not in hours.
    # Source: docs/reference/ledger-engine.md#session-locks-of-postgresql
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""Of the client's side alone, so that no pooler objects to them; the URL overrules them."""


@dataclass(frozen=True)
class Address:
    """`parameters` are libpq's, and may hold a password; `name` is for people."""

    parameters: Mapping[str, str] = field(repr=False)
    name: str

    @property
    def user(self) -> str:
        """Whom the URL names, "" where libpq decides."""
        return self.parameters.get("user", "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        names = ("password", "sslpassword", "passfile")
        return tuple(self.parameters[name] for name in names if self.parameters.get(name))


def url_problem(url: str) -> str:
    """What is wrong with the form of a URL, "" for nothing. It is not repeated: see `secrets`."""
    scheme, _, rest = url.partition("://")
    if scheme != "postgresql" or not url.isprintable() or " " in url:
        return f"write {_FORM}"
    authority, _, path = rest.partition("?")[0].partition("/")
    if authority.count("@") > 1 or "@" in path:
        return f"write {_FORM}; {_ESCAPED}"
    return ""


def address_of(url: str) -> Address:
    """The address that a URL names. Raises UsageError for what libpq would not understand."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    problem = url_problem(url)
    if not problem:
        try:
            given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        except ProgrammingError:  # its text repeats a part of the URL
            problem = f"write {_FORM}; {_ESCAPED}; after ? write only parameters of libpq"
    if problem:
        raise UsageError("ledger: not a valid PostgreSQL URL", hint=problem)
    return Address({**_DEFAULTS, **given}, _name(given))


def _name(given: Mapping[str, str]) -> str:
    host = given.get("host") or given.get("hostaddr", "")
    database = given.get("dbname", "")
    if host.startswith(("/", "@")):  # the folder of a Unix socket
        return f"postgresql:///{database}?host={host}"
    port = given.get("port", "")
    where = ",".join(_pairs(host.split(","), port.split(",")))
    service = given.get("service", "")
    return f"postgresql://{where}/{database}" + (f"?service={service}" if service else "")


def _pairs(hosts: list[str], ports: list[str]) -> list[str]:
    """Several hosts and their ports, as libpq pairs them: one port is for all."""
    if len(ports) == 1:
        ports = ports * len(hosts)
    return [f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False)]
