"""Results on stdout, talk on stderr, colours only where somebody sees them."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest

from provisioner.errors import UsageError
from provisioner.output import Output, table


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


def output(
    *, err: io.StringIO | None = None, environ: Mapping[str, str] | None = None, **options: bool
) -> Output:
    return Output(out=io.StringIO(), err=err or io.StringIO(), environ=environ or {}, **options)


def test_a_result_goes_to_stdout_and_messages_to_stderr() -> None:
    out, err = io.StringIO(), io.StringIO()
    said = Output(out=out, err=err, environ={})

    said.result("org", {"org": 1})
    said.say("next")
    said.warn("odd")

    assert out.getvalue() == "org\n"
    assert err.getvalue() == "next\nwarning: odd\n"


def test_with_json_the_document_replaces_the_text() -> None:
    said = output(as_json=True)

    said.result("org", {"org": 1})

    assert said.out.getvalue() == '{\n  "org": 1\n}\n'  # type: ignore[attr-defined]


def test_there_is_never_a_second_document() -> None:
    said = output(as_json=True)
    said.json({})

    with pytest.raises(AssertionError, match="a second JSON document"):
        said.json({})


def test_quiet_hides_messages_but_not_results_warnings_and_errors() -> None:
    said = output(quiet=True)

    said.say("talk")
    said.warn("odd")
    said.error("wrong", hint="do this")
    said.line("pool.yaml:1:1: x")
    said.result("org", {})

    assert said.err.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "warning: odd",
        "error: wrong",
        "hint: do this",
        "pool.yaml:1:1: x",
    ]
    assert said.out.getvalue() == "org\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("err", "environ", "color", "is_painted"),
    [
        (Terminal(), {}, True, True),
        (io.StringIO(), {}, True, False),
        (Terminal(), {"NO_COLOR": "1"}, True, False),
        (Terminal(), {"NO_COLOR": ""}, True, True),
        (Terminal(), {"TERM": "dumb"}, True, False),
        (Terminal(), {}, False, False),
    ],
)
def test_colours_are_printed_only_on_terminals_and_unless_turned_off(
    err: io.StringIO, environ: Mapping[str, str], color: bool, is_painted: bool
) -> None:
    said = output(err=err, environ=environ, color=color)

    assert said.paint("x", "red") == ("\x1b[31mx\x1b[0m" if is_painted else "x")
    assert said.console().no_color is not is_painted


@pytest.mark.parametrize(
    ("err", "environ", "quiet", "is_live"),
    [
        (Terminal(), {}, False, True),
        (Terminal(), {}, True, False),
        (Terminal(), {"TERM": "dumb"}, False, False),
        (Terminal(), {"NO_COLOR": "1"}, False, True),
        (io.StringIO(), {}, False, False),
    ],
)
def test_only_a_terminal_is_redrawn(
    err: io.StringIO, environ: Mapping[str, str], quiet: bool, is_live: bool
) -> None:
    assert output(err=err, environ=environ, quiet=quiet).is_live is is_live


def test_what_a_stream_cannot_show_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Output(out=stream, environ={}).result("Zoë …", None)

    assert raw.getvalue() == b"Zo\\xeb \\u2026\n"


def test_a_stream_that_cannot_be_written_is_an_error_with_its_reason() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        Output(out=Full(), environ={}).result("x", None)


def test_a_table_is_as_wide_as_its_cells() -> None:
    shown = table(("USERNAME", "STATE"), [("a@b.c", "available"), ("longer@b.c", "x\ny")])

    assert shown == [
        "USERNAME    STATE",
        "a@b.c       available",
        "longer@b.c  x y",
    ]
    assert table(("A",), []) == []


def test_secrets_are_not_for_documents() -> None:
    from provisioner.declare.secret import Secret

    with pytest.raises(TypeError, match="Secret cannot be written as JSON"):
        output().json({"key": Secret("x")})
