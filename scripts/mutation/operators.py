"""Which changes a mutation run makes: mutmut's own without texts, and a few that mutmut lacks."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import libcst as cst
from mutmut.mutation import file_mutation, mutators

Operator = Callable[[Any], Iterator[cst.CSTNode]]

TEXT = re.compile(r"\s")
"""A string with a blank is a text for people; one without may be a key, a code or a path."""


def string(node: cst.BaseString) -> Iterator[cst.CSTNode]:
    """Another key, code or path; mutmut's two other letter cases say no more."""
    if isinstance(node, cst.SimpleString) and not TEXT.search(node.value):
        for mutant in mutators.operator_string(node):
            yield mutant
            return


def argument(call: cst.Call) -> Iterator[cst.CSTNode]:
    """None for a positional argument, and a keyword argument left out; texts stay."""
    for index, given in enumerate(call.args):
        if given.star or _is_text(given.value):
            continue
        others = [*call.args[:index], *call.args[index + 1 :]]
        if given.keyword is not None:
            yield call.with_changes(args=others)
        elif not (isinstance(given.value, cst.Name) and given.value.value == "None"):
            none = given.with_changes(value=cst.Name("None"))
            yield call.with_changes(args=[*call.args[:index], none, *call.args[index + 1 :]])


def _is_text(value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.ConcatenatedString | cst.FormattedString):
        return True
    return isinstance(value, cst.SimpleString) and bool(TEXT.search(value.value))


def removed_call(statement: cst.Expr) -> Iterator[cst.CSTNode]:
    """A call for its effect is not made."""
    if isinstance(statement.value, cst.Call):
        yield cst.Pass()


def removed_raise(_statement: cst.Raise) -> Iterator[cst.CSTNode]:
    """An error is not raised."""
    yield cst.Pass()


def returned_none(statement: cst.Return) -> Iterator[cst.CSTNode]:
    """A function returns nothing."""
    value = statement.value
    if value is not None and not (isinstance(value, cst.Name) and value.value == "None"):
        yield statement.with_changes(value=cst.Name("None"))


def negated(statement: cst.If | cst.While) -> Iterator[cst.CSTNode]:
    """The other branch; what mutmut negates itself is left to it."""
    test = statement.test
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return
    if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        kind = test.comparisons[0].operator
        if isinstance(kind, cst.Equal | cst.NotEqual | cst.Is | cst.IsNot | cst.In | cst.NotIn):
            return
    inner = test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield statement.with_changes(test=cst.UnaryOperation(cst.Not(), inner))


def install(share: float, seed: int) -> None:
    """Make mutmut use these operators, and test a random share of the mutants of each file."""
    ours: dict[object, Operator] = {
        mutators.operator_string: string,
        mutators.operator_arg_removal: argument,
    }
    file_mutation.mutation_operators = [  # type: ignore[assignment]
        *((kind, ours.get(use, use)) for kind, use in mutators.mutation_operators),
        (cst.Expr, removed_call),
        (cst.Raise, removed_raise),
        (cst.Return, returned_none),
        (cst.If, negated),
        (cst.While, negated),
    ]
    create = file_mutation.create_mutations

    def sampled(filename: str, *arguments: Any, **named: Any) -> tuple[Any, ...]:
        module, mutations, *ignored = create(filename, *arguments, **named)
        chance = random.Random(f"{seed} {filename}")
        return module, [one for one in mutations if chance.random() < share], *ignored

    file_mutation.create_mutations = sampled  # type: ignore[assignment]
