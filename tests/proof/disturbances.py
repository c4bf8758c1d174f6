"""Python that runs in a `provisioner` process before it begins, to disturb it from inside."""

from __future__ import annotations

JUMP_FILE = "jump"


def clock_that_jumps(seconds: int, *, at_once: bool = False) -> str:
    """The wall clock is `seconds` off: at once, or as soon as there is a file `jump`."""
    condition = "True" if at_once else f"os.path.exists({JUMP_FILE!r})"
    return f"""
import datetime, os, time
_real, _time = datetime.datetime, time.time
def _shift():
    return {seconds} if {condition} else 0
class _Any(type):
    def __instancecheck__(cls, value):
        return isinstance(value, _real)
class Jumping(_real, metaclass=_Any):
    @classmethod
    def now(cls, tz=None):
        return _real.now(tz) + datetime.timedelta(seconds=_shift())
datetime.datetime = Jumping
time.time = lambda: _time() + _shift()
"""


FREEZE_FILE = "freeze"


def frozen_before(request: str) -> str:
    """The process stops (SIGSTOP) before it sends a request that changes something, with this part
    of an address, once there is a file `freeze`."""
    return f"""
import os, signal, time
from provisioner.salesforce.transport import Transport
_send = Transport.send
def send(self, who, method, url, *rest, **more):
    if method != "GET" and {request!r} in url and os.path.exists({FREEZE_FILE!r}):
        try:
            os.unlink({FREEZE_FILE!r})
        except FileNotFoundError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.5)  # this thread may stop a moment later than the others
    return _send(self, who, method, url, *rest, **more)
Transport.send = send
"""


def files_end_at(size: int) -> str:
    """No file may grow beyond `size` bytes: writes fail as on a disk with no room.

    Python keeps no compiled modules then: it would cut them off, and not notice.
    """
    return f"""
import resource, sys
sys.dont_write_bytecode = True
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""


def no_room_for(name: str, word: str) -> str:
    """`name` of the module os finds a full disk, where a path that it is given holds `word`.

    What is given no path (os.pwrite) always finds one.
    """
    return f"""
import errno, os
_act = {name}
def act(first, *arguments, **options):
    if isinstance(first, int) or {word!r} in os.fsdecode(first):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _act(first, *arguments, **options)
{name} = act
"""


def ledger_ends_at(pages: int) -> str:
    """SQLite finds no room for more than `pages` pages."""
    return _sqlite_with(f"PRAGMA max_page_count = {pages}")


def ledger_with_pages_of(size: int) -> str:
    """A new ledger has pages of so many bytes."""
    return _sqlite_with(f"PRAGMA page_size = {size}")


def _sqlite_with(pragma: str) -> str:
    return f"""
import sqlite3
_connect = sqlite3.connect
def connect(*arguments, **options):
    connection = _connect(*arguments, **options)
    connection.execute({pragma!r})
    return connection
sqlite3.connect = connect
"""


CHILDREN_FILE = "children.txt"

CHILDREN_NOTED = f"""
import os, sys
def _note(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"):
        has_own = isinstance(arguments[-1], dict)
        environment = dict(arguments[-1] if has_own else os.environ)
        if has_own:  # the session of run_command, which is nowhere but there
            environment.pop("SCRATCH_ORG_ACCESS_TOKEN", None)
            arguments = arguments[:-1]
        with open({CHILDREN_FILE!r}, "a") as file:
            print(event, arguments, environment, file=file)
sys.addaudithook(_note)
"""
"""Every child process that is started is noted, with its arguments and its environment."""


def crash_with(text: str) -> str:
    """A bug of ours: the script step raises an error whose text holds `text`."""
    return f"""
from provisioner.steps.run_apex import RunApex
def start(self, context):
    secret = {text!r} + context.org.session.grant.access_token
    raise RuntimeError(secret)
RunApex.start = start
"""
