from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.company import Companies, Company


@pytest.fixture(scope="session")
def companies(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Companies]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        yield Companies(tmp_path_factory.mktemp("companies"))


@pytest.fixture
def company(companies: Companies) -> Iterator[Company]:
    with companies.open() as opened:
        yield opened
