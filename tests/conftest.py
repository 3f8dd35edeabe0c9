"""What all tests share: Hypothesis on a slow machine, a log that none leaves redirected, slow tests first."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("house"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """A command run in this process sets the log to its own captured stderr, which is closed when the command ends."""
    yield
    structlog.reset_defaults()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that no core waits at the end for one that another has begun late."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
