"""The `govpipes` command: one module per group of commands, put together in `app`.

Here: reading arguments, calling the same functions the schedule calls, showing what they return, exit codes.
Not here: any decision about data. Dagster and Great Expectations are imported inside the commands that need them,
so that `govpipes --help` is quick.
"""


def main() -> None:
    """The entry point of the console script; ends the process with a meaningful exit code."""
    from govpipes.cli.app import run

    run()
