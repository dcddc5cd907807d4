"""From an error a person can act on to a Dagster failure that shows its text, and no traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from govpipes.errors import GovpipesError


@contextmanager
def explained() -> Iterator[None]:
    """Within: a GovpipesError fails the step with its message as the description. Other errors keep their traceback.

    The same input would fail again, so the step is not retried; the day is run again when the cause is gone.
    """
    try:
        yield
    except GovpipesError as error:
        facts = {"found": error.found, "allowed": error.allowed, "next_step": error.next_step}
        metadata = {name: dg.MetadataValue.text(text) for name, text in facts.items() if text}
        raise dg.Failure(
            description=str(error),
            metadata={"error": dg.MetadataValue.text(type(error).__name__), **metadata},
            allow_retries=False,
        ) from None
