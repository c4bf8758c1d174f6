"""The command line. A command is a module with a function `command`, and a line in `table.py`.

Its examples are in `examples.py`.

```python
def command(
    call: Invocation,
    pool: Annotated[str, typer.Option(help="only this pool")] = "",
) -> None:
    config = call.load("hub_and_ledger")
    ...
    call.output.result("text", {"document": "for --json"})
```

The global options (`--config`, `--json`, `--quiet`, `--no-color`) are added to each command, so
that they work before and after its name; `call` has their values. Failures are raised as errors of
`provisioner.errors`; for another exit code, return it or `raise typer.Exit(6)`. In a sub-group
(`app = typer.Typer()`) each function is decorated with `@shared_options` below `@app.command()`.
Imports that take time are inside the functions.
"""
