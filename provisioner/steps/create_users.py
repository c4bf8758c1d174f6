"""`create_users`: further users of an org, from user definition files of the Salesforce CLI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from provisioner.declare.options import Finding, option
from provisioner.errors import ErrorKind, LoginError, SalesforceError, UsageError
from provisioner.plain_text import quantity
from provisioner.salesforce import users
from provisioner.salesforce.batches import refusal_of, write
from provisioner.salesforce.fields import record_id
from provisioner.salesforce.ids import to_18
from provisioner.salesforce.login_errors import NOT_YET
from provisioner.salesforce.permission_sets import SETS
from provisioner.salesforce.reads import answered
from provisioner.steps import grants, login_app
from provisioner.steps.base import Done, Outcome, StartAgain, StepContext, StepFailed
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.components import NO_COMPONENTS, PERMISSION_SET, Components, Need
from provisioner.steps.data_needs import in_text
from provisioner.steps.persona_names import persona_of, user_rows
from provisioner.steps.session_user import session_user_id
from provisioner.steps.user_definition import (
    ReadDefinition,
    UserDefinition,
    read_user_definition,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.salesforce.org import OrgClient
    from provisioner.salesforce.reads import Read

MOST = 20  # users of one step: their names are in the ownership tag of the org
_LOGGED_IN = "personas that have logged in"
_GROUP_HINT = (
    "leave it out of permsets, and write after this step: assign_permission_sets: "
    "{{ groups: [{names}], users: [...] }}"
)
_NOT_APPROVED = frozenset({"login_not_approved", "login_not_admin_approved", "login_scope_refresh"})


@dataclass(frozen=True, kw_only=True)
class CreateUsers:
    """Creates users, assigns their permission sets, and logs each in by JWT with the app's key.

    The app of the Dev Hub that a sign-up has copied is approved for a user with the user's
    creation, as the Salesforce CLI does it; an app of the org's own, by its permission set.

    Safe to run twice: the username of a persona is always the same in one org, and is queried
    before the user is created. All that follows may be repeated.
    """

    kind: ClassVar[str] = "create_users"
    shorthand: ClassVar[str] = "definitions"

    definitions: tuple[Path, ...] = option(
        "user definition files of the Salesforce CLI; agent-user.json is the persona agent",
        minimum=1,
        maximum=MOST,
        path="file",
        example=["config/agent-user.json"],
    )

    _files: CachedInput = cached_input()

    @property
    def personas(self) -> tuple[str, ...]:
        """The names of the users, in the order of the files."""
        return tuple(persona_of(file) for file in self.definitions)

    def check(self, directory: Path) -> Iterable[Finding]:
        """Read the files; each must describe a persona of its own."""
        try:
            files = self._files.checked("", lambda: self._read(directory))
        except UsageError as error:
            yield Finding("definitions", error.message)
            return
        names = [name.lower() for name in self.personas]
        for index, (file, read) in enumerate(zip(self.definitions, files, strict=True)):
            where = f"definitions.{index}"
            for message, is_warning in read.problems:
                yield Finding(where, f"{file}: {message}", is_warning=is_warning)
            if names[index] in names[:index]:
                first = self.definitions[names.index(names[index])]
                message = f"{file} and {first} both give the persona {self.personas[index]}"
                yield Finding(where, f"{message}; rename one of them")

    def components(self, directory: Path) -> Components:  # noqa: ARG002 - the contract
        """It brings nothing."""
        return NO_COMPONENTS

    def needs(self, directory: Path) -> Iterable[Need]:
        """The permission sets that the files name."""
        found = zip(self.definitions, self._definitions(directory), strict=True)
        for index, (file, definition) in enumerate(found):
            for name in definition.permission_sets:
                where = partial(in_text, directory / file, file, name)
                yield Need(PERMISSION_SET, name, f"definitions.{index}", where)

    def start(self, context: StepContext) -> Outcome:
        """Create the users that the org does not have, then set all of them up and log them in."""
        new = _NewUsers(context, self._definitions(context.directory))
        ids = new.created()
        new.set_up(ids)
        rows = user_rows(context.username, ids)
        for row in rows:
            _log_in(context, row["persona"], row["username"], ids[row["persona"]])
        others = tuple(user for user in context.users if user["persona"] not in ids)
        return Done(f"created {quantity(len(ids), 'user')}", {"users": (*others, *rows)})

    def poll(self, context: StepContext, state: StartAgain) -> Outcome:  # noqa: ARG002 - contract
        """Nothing is ever pending: read and create again."""
        return self.start(context)

    def read_state(self, text: str) -> StartAgain:  # noqa: ARG002 - the contract
        """The step keeps no state; to start it again is safe."""
        return StartAgain()

    def inputs(self, directory: Path) -> Iterable[bytes]:
        """The names and the files. Raises UsageError for one that cannot be read."""
        files = self._files.fresh("", lambda: self._read(directory))
        for persona, read in zip(self.personas, files, strict=True):
            yield persona.encode()
            yield read.content

    def named_inputs(self, directory: Path) -> Iterable[tuple[str, bytes]]:
        """The files."""
        files = self._files.get("", lambda: self._read(directory))
        for file, read in zip(self.definitions, files, strict=True):
            yield file.as_posix(), read.content

    def _definitions(self, directory: Path) -> list[UserDefinition]:
        files = self._files.get("", lambda: self._read(directory))
        return [read.definition for read in files]

    def _read(self, directory: Path) -> Sequence[ReadDefinition]:
        found = []
        for file in self.definitions:
            try:
                found.append(read_user_definition(directory / file))
            except OSError as error:
                text = f"{file} cannot be read: {error.strerror}"
                raise UsageError(text, code="user_definition") from None
        return found


class _NewUsers:
    """The users of one org: what it has of them, and what they still need.

    Names of profiles and permission sets are looked up first, so that a wrong one costs no licence.
    """

    def __init__(self, context: StepContext, definitions: Sequence[UserDefinition]) -> None:
        self._context = context
        self._org = context.org
        self._definitions = definitions
        rows = user_rows(context.username, [one.persona for one in definitions])
        self._usernames = {row["persona"]: row["username"] for row in rows}
        sets = dict.fromkeys(name for one in definitions for name in one.permission_sets)
        if context.has_own_app:
            sets[login_app.NAME] = None  # approves the app for them
        wanted = grants.Wanted({SETS: tuple(sets)}, tuple(self._usernames.values()), _GROUP_HINT)
        profiles = dict.fromkeys(one.profile for one in definitions)
        reads: tuple[Read[Any], ...] = (
            users.profiles(tuple(profiles)),
            users.template(session_user_id(context)),
            users.named(wanted.usernames),
            *wanted.reads,
        )
        found, template, self._known, *answers = answered(self._org, reads)
        self._profiles = _all_profiles(self._org, profiles, found)
        self._found = wanted.found(self._org, answers)
        self._template = template[0] if template else {}

    def created(self) -> dict[str, str]:
        """The ids of all users by persona; those that the org does not have are created."""
        known = dict(self._known)
        ids = {
            one.persona: known.get(self._usernames[one.persona], "") for one in self._definitions
        }
        new = [one for one in self._definitions if not ids[one.persona]]
        if self._context.has_own_app:
            (results,) = write(self._org, [users.insertion([self._fields(one) for one in new])])
            for one, result in zip(new, results, strict=True):
                self._check(one, refusal_of(result))
                ids[one.persona] = record_id(result, "id", prefix="005")
        else:
            ids |= {one.persona: self._approved(one) for one in new}
        return ids

    def set_up(self, ids: Mapping[str, str]) -> None:
        """Set the fields of users that an insert has not set, and assign permission sets."""
        known = set(dict(self._known).values())
        late = [
            one
            for one in self._definitions
            if not self._context.has_own_app or ids[one.persona] in known
        ]
        fields = users.update({ids[one.persona]: self._fields(one) for one in late})
        sets = {one.persona: self._sets(one) for one in self._definitions}
        missing = grants.Assignments(ids, self._found, sets)
        updates, *results = write(self._org, [fields, *missing.batches])
        for one, result in zip(late, updates, strict=True):
            self._check(one, refusal_of(result))
        missing.counts(self._org, results)

    def _sets(self, one: UserDefinition) -> list[str]:
        approval = [login_app.NAME] * self._context.has_own_app
        return [*one.permission_sets, *approval]

    def _fields(self, one: UserDefinition) -> dict[str, object]:
        record = one.record(self._usernames[one.persona], self._template)
        return {**record, "ProfileId": self._profiles[one.profile]}

    def _approved(self, one: UserDefinition) -> str:
        """The id of a new user for whom the copied app of the Dev Hub is approved."""
        try:
            return users.create_approved(self._org, self._fields(one))
        except SalesforceError as error:
            self._check(one, error)
            raise

    def _check(self, one: UserDefinition, error: SalesforceError | None) -> None:
        """Raise what the refusal of a user means."""
        if error is None:
            return
        if error.error_code == users.LICENSE_LIMIT:
            raise _no_license(self._context, one, self._profiles[one.profile]) from None
        if error.error_code == users.DUPLICATE_USERNAME:
            username = self._usernames[one.persona]
            raise StepFailed(
                f"{one.persona}: another Salesforce org has the username {username}",
                kind=ErrorKind.REPLACE,
            ) from None
        if error.kind is not ErrorKind.CONTENT:
            raise error
        raise StepFailed(f"{one.persona}: Salesforce refuses the user: {error.message}") from None


def _all_profiles(
    org: OrgClient, names: Iterable[str], found: Mapping[str, str]
) -> Mapping[str, str]:
    """`found`, the ids of profiles by name. Raises StepFailed when some are missing."""
    unknown = [name for name in names if name not in found]
    if unknown:
        known = users.profile_names(org)
        raise StepFailed(
            f"profiles not found in the org: {', '.join(unknown)}",
            details=[grants.advice(name, known) for name in unknown],
            hint="correct profileName; it is the name in English, as Setup, Profiles shows it, or "
            "that of a profile which an earlier step deploys",
        )
    return found


def _no_license(context: StepContext, one: UserDefinition, profile_id: str) -> StepFailed:
    found = users.license_of(context.org, profile_id)
    name = f"{found.name} licence" if found else "licence"
    used = f": {found.used} of {found.total} are in use" if found else ""
    return StepFailed(
        f"{one.persona}: the org has no free {name} for the profile {one.profile}{used}",
        hint="a Developer scratch org has 2 Salesforce licences with its own user, other editions "
        "5: use another edition, fewer users, or a profile of another licence",
    )


def _log_in(context: StepContext, persona: str, username: str, user_id: str) -> None:
    """Log the user in as a consumer does. Raises StepFailed, LoginError."""
    logged_in: set[str] = context.memory.setdefault(_LOGGED_IN, set())
    if persona in logged_in:
        return
    try:
        grant = context.sign_in_as(username)
    except LoginError as error:
        if not context.has_own_app and error.code in _NOT_APPROVED:
            raise _not_approved(persona, error) from None
        if context.has_own_app and error.code in NOT_YET:  # it may need minutes
            first_line, *details = error.message.split("\n")
            raise StepFailed(
                first_line, details=details, hint=error.hint, kind=ErrorKind.TRANSIENT
            ) from None
        raise
    if grant.user_id and to_18(grant.user_id) != user_id:
        raise StepFailed(f"{persona}: the login opens another user", kind=ErrorKind.REPLACE)
    logged_in.add(persona)


def _not_approved(persona: str, error: LoginError) -> StepFailed:
    first_line, *details = error.message.split("\n")
    return StepFailed(
        f"{persona}: the Dev Hub's app in the org is not approved for the user: {first_line}",
        details=details,
        hint="write dev_hub.login_app: deployed; then each org gets an app of its own, which is "
        "approved for its users",
        kind=ErrorKind.CONFIGURATION,
    )
