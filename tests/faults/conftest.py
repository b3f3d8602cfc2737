"""What the fault tests share: the two places that a city stands on."""

import pytest
from kill_site import Backend, backend


@pytest.fixture(scope="module", params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    return backend(request, tmp_path_factory)
