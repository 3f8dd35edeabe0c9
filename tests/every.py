"""Hundreds of cases in one test: where a case takes less time than pytest takes for a test. Holds no test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Check = Callable[..., None]
NAMED = type(pytest.param())


def every(
    names: str | tuple[str, ...], cases: Iterable[Any], ids: Callable[[Any], str] = str
) -> Callable[[Check], Check]:
    """As `pytest.mark.parametrize`, but one test for all: it tries each case and tells all that fail, by their ids."""
    wanted = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    rows = [_row(case, len(wanted), ids) for case in cases]

    def decorate(check: Check) -> Check:
        def test(**fixtures: Any) -> None:
            __tracebackhide__ = True
            wrong = []
            for name, values in rows:
                try:
                    check(**fixtures, **dict(zip(wanted, values, strict=True)))
                except Exception as error:  # every case is tried: the rest may fail in the same way, or in another
                    wrong.append(f"{name}: {type(error).__name__}: {error}")
            assert not wrong, f"{len(wrong)} of {len(rows)} cases:\n" + "\n".join(wrong)

        assert rows, f"no case for {check.__name__}"
        given = inspect.signature(check)
        fixtures = [each for each in given.parameters.values() if each.name not in wanted]
        test.__signature__ = given.replace(  # type: ignore[attr-defined]
            parameters=[each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in fixtures]
        )
        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return decorate


def _row(case: Any, count: int, ids: Callable[[Any], str]) -> tuple[str, tuple[Any, ...]]:
    if isinstance(case, NAMED):
        return str(case.id), tuple(case.values)
    values = case if count > 1 else (case,)
    return "-".join(ids(value) for value in values), tuple(values)
