"""Who claims when nobody says so, and which texts may name an owner, a purpose or a key."""

from __future__ import annotations

from provisioner.children import Environment
from provisioner.errors import UsageError

_LONGEST = 200


def clean_text(text: str, option: str) -> str:
    """`text` without blanks at its ends, fit to stand in one line of a table or a log.

    Raises UsageError, naming `option`, for line breaks, control characters, bytes that are no
    text, and more than 200 characters.
    """
    text = text.strip(" ")
    if not text.isprintable():
        raise UsageError(
            f"{option}: {text!a} holds a line break or another character that cannot be shown",
            hint=f"write {option} as plain text on one line",
        )
    if len(text) > _LONGEST:
        raise UsageError(
            f"{option} is {len(text)} characters long", hint=f"write at most {_LONGEST}"
        )
    return text


def default_owner(environ: Environment) -> str:
    """The e-mail address that git knows, else the user of the operating system.

    `environ` is what git gets, without secrets.
    """
    for candidate in (_git_email(environ), _system_user()):
        if candidate and candidate.isprintable() and len(candidate) <= _LONGEST:
            return candidate
    raise UsageError(
        "Cannot determine the owner; pass --owner.", hint="for example: --owner you@example.com"
    )


def _git_email(environ: Environment) -> str:
    from provisioner import children

    try:
        code, said = children.run(["git", "config", "--get", "user.email"], environ, timeout=5)
    except OSError:
        return ""  # git is a convenience, not a need
    return said.strip() if code == 0 else ""


def _system_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container whose user has no name
        return ""
