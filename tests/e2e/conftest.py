from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.company import Companies, Company
from tests.e2e.postgres import server_url

__all__ = ["server_url"]


@pytest.fixture(scope="session")
def companies(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Companies]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", server_url)
        yield Companies(tmp_path_factory.mktemp("companies"))


@pytest.fixture
def company(companies: Companies) -> Iterator[Company]:
    with companies.open() as opened:
        yield opened
