"""What the fault tests share: a warm process to fork children from, and the two places that a city stands on."""

from collections.abc import Iterator

import pytest
from kill_site import Backend, backend
from warm import Warm


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as parent:
        yield parent


@pytest.fixture(scope="module", params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    return backend(request, tmp_path_factory)
