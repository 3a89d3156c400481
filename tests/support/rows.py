"""Runs a test for each row of a table as one test; every row that fails is named."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import pytest


def rows(
    names: str | Sequence[str], table: Iterable[Any], *, ids: object = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator with the arguments of `pytest.mark.parametrize`, for checks that need no test each.

    Fixtures are shared by the rows. `ids`: the rows' names, or a function that names a value.
    """
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    values = [row if len(arguments) > 1 else (row,) for row in table]
    labels: list[object] = [*cast("Sequence[object]", ids)] if isinstance(ids, list | tuple) else [None] * len(values)

    def wrap(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def every_row(**fixtures: Any) -> None:
            failed: list[str] = []
            for row, label in zip(values, labels, strict=True):
                given = dict(zip(arguments, row, strict=True))
                try:
                    test(**given, **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    failed.append(f"{label or given!r}:\n{type(error).__name__}: {error}")
            assert not failed, f"{len(failed)} of {len(values)} rows\n" + "\n".join(failed[:10])

        parameters = [p for name, p in inspect.signature(test).parameters.items() if name not in arguments]
        every_row.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
        assert values, "a table without rows proves nothing"
        return every_row

    return wrap
