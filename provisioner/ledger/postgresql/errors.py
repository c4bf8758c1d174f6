"""What PostgreSQL and libpq say, in words for people: what happened, where, what to do now.

A statement's failure has an SQLSTATE. A connection's has none: libpq gives the server's text
alone, which is read here in English; in another language it is passed on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from provisioner.errors import LedgerError, RowValueError
from provisioner.ledger.postgresql.address import Address


class UndoneError(LedgerError):
    """The connection or a conflict ended the transaction: nothing was changed, so try again."""


class UncertainError(LedgerError):
    """The connection broke during the commit: it has taken effect, or not."""


@dataclass(frozen=True)
class _Kind:
    code: str
    message: str  # after "the ledger NAME "
    hint: str = ""
    shows_text: bool = True  # of the server


_DOWN = _Kind(
    "ledger_unreachable",
    "cannot be reached",
    "check that the server is running and accepts connections from this machine: "
    "pg_isready -h HOST -p PORT",
)
_REFUSED = _Kind(
    "ledger_refused",
    "refuses the login",
    "check the user and password in the URL (or in PGPASSWORD or ~/.pgpass), and pg_hba.conf on "
    "the server",
)
_FULL_UP = _Kind(
    "ledger_busy",
    "accepts no more connections",
    "try again, or raise max_connections on the server",
)
_STARTING = _Kind("ledger_unreachable", "is starting or stopping", "try again in a moment")
POOLER = _Kind(
    "ledger_pooler",
    "is reached through a connection pooler that shares sessions",
    "a build needs a direct connection: write the address of the server itself in the `ledger:` of "
    "the build; claims may use the pooler",
)
_NO_RIGHT = _Kind(
    "ledger_permission",
    "refuses this user a permission",
    "docs/ledgers.md lists the permissions that builds and consumers need",
)

_DAMAGED = _Kind(
    "ledger_corrupt",
    "is damaged",
    "restore it from a backup; or write the URL of an empty database in `ledger:`, and restore "
    "the rows from the Dev Hub: provisioner reap --rebuild",
)

_CONNECTING: tuple[tuple[tuple[str, ...], _Kind], ...] = (
    (
        ("too many clients", "remaining connection slots", "too many connections"),
        _FULL_UP,
    ),
    (
        ("starting up", "shutting down", "recovery mode", "not yet accepting", "terminating "),
        _STARTING,
    ),
    (("unsupported startup parameter",), POOLER),
    (
        ("authentication failed", "no password supplied", "pg_hba.conf", "role "),
        _REFUSED,
    ),
    (
        ("database ",),  # `database "x" does not exist`
        _Kind("ledger_missing", "does not exist", "create it: createdb -O USER DATABASE"),
    ),
    (("permission denied", "not permitted to log in"), _NO_RIGHT),
    (("SSL", "certificate", "GSS"), _Kind("ledger_unreachable", "cannot be reached safely")),
)
_PASSING = (_FULL_UP, _STARTING)
_LIBPQ_MESSAGES = ("no password supplied", "SCRAM", "SSL", "certificate", "GSS")
"""What is not about the way to the server, though the server did not say it (no FATAL)."""

_NO_HOST = ("could not translate host name", "failed to resolve host")
"""The way to the server does not exist: a misspelt name, more often than a disturbance."""

_STATES: dict[str, _Kind] = {
    "42501": _NO_RIGHT,
    "25006": _Kind(
        "ledger_read_only",
        "cannot be written: the server is a standby, or read-only",
        "write the address of the primary in `ledger:`, or those of both servers with "
        "?target_session_attrs=read-write",
    ),
    "53100": _Kind(
        "ledger_full", "cannot grow: the server's disk is full", "free disk space on the server"
    ),
    "55P03": _Kind(
        "ledger_locked",
        "is locked by another session; nothing was changed",
        "try again; the view pg_stat_activity shows which session uses it",
        shows_text=False,
    ),
    "57014": _Kind("ledger_locked", "took too long to answer; nothing was changed", "try again"),
    "42P01": _DAMAGED,
    "42703": _DAMAGED,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}


def of_connecting(error: psycopg.Error, address: Address) -> LedgerError:
    """Why there is no connection: an UndoneError when that passes by itself."""
    text = str(error)
    if "FATAL" not in text and not any(word in text for word in _LIBPQ_MESSAGES):
        return _error(
            _DOWN, address, text, LedgerError if any(w in text for w in _NO_HOST) else UndoneError
        )
    for words, kind in _CONNECTING:
        if any(word in text for word in words):
            return _error(kind, address, text, UndoneError if kind in _PASSING else LedgerError)
    return _error(_Kind("ledger", "cannot be opened"), address, text)


def of_statement(error: psycopg.Error, address: Address) -> LedgerError | None:
    """What a statement's failure means; None for our own mistakes."""
    state = error.sqlstate or ""
    if state in ("40001", "40P01"):  # another transaction was in the way
        kind = _Kind("ledger_locked", "is in use; nothing was changed", "try again")
        return _error(kind, address, "", UndoneError)
    if state in _STATES:
        return _error(_STATES[state], address, str(error))
    if state[:2] in ("22", "54"):  # data that does not fit its column, or an index
        text = f"the ledger {address.name} cannot store a value: {_one_line(str(error))}"
        return RowValueError(text)
    if isinstance(error, psycopg.DataError):  # psycopg's own: a text with NUL
        return RowValueError(f"the ledger {address.name} cannot store a value of a row")
    if state.startswith("53"):  # out of memory, connections, other resources
        return _error(_Kind("ledger_busy", "is out of resources", "try again"), address, str(error))
    if isinstance(error, psycopg.OperationalError | psycopg.InternalError):
        return _error(_Kind("ledger", "cannot be used"), address, str(error))
    return None


def is_loss(error: psycopg.Error, connection: psycopg.Connection[object]) -> bool:
    """Has the session ended? (Classes 08 and 57P0x, and the idle time-outs of class 25.)"""
    state = error.sqlstate or ""
    return connection.closed or state.startswith(("08", "57P")) or state in ("25P03", "25P04")


def lost(address: Address) -> UndoneError:
    """The session ended before the commit was sent."""
    return UndoneError(
        f"the connection to the ledger {address.name} was lost; nothing was changed",
        code="ledger_unreachable",
        hint="try again",
    )


def uncertain(address: Address) -> UncertainError:
    """The session ended between the commit and its answer."""
    return UncertainError(
        f"the connection to the ledger {address.name} was lost while a change was being saved; it "
        "is unknown whether it was saved",
        code="ledger_unreachable",
        hint="`provisioner status` shows the result; a claim with --idempotency-key may be "
        "repeated",
    )


def pooled(address: Address, seen: str) -> LedgerError:
    """A builder's session is not its own; `seen` says how that shows."""
    return _error(POOLER, address, seen)


def _error(
    kind: _Kind, address: Address, text: str, form: type[LedgerError] = LedgerError
) -> LedgerError:
    shown = f": {_one_line(text)}" if kind.shows_text and _is_harmless(text, address) else ""
    return form(f"the ledger {address.name} {kind.message}{shown}", code=kind.code, hint=kind.hint)


def _is_harmless(text: str, address: Address) -> bool:
    """A password that is also the user's name would be found in any message about the user."""
    return bool(text) and not any(
        secret in text and secret not in (address.user, address.name) for secret in address.secrets
    )


def _one_line(text: str) -> str:
    """The first line that matters, without what libpq says in front of it."""
    line = text.strip().partition("\n")[0]
    for prefix in ("connection failed: ", "connection is bad: "):
        line = line.removeprefix(prefix)
    return line.rpartition("FATAL: ")[2].strip()
