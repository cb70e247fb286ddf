"""The fixture that puts the stand-in where `cleaning/device.py` expects pylibcudf."""

from collections.abc import Iterator

import pytest

from enrichment_platform.cleaning import device
from enrichment_platform_tests.cleaning.pylibcudf_stand_in import pylibcudf


@pytest.fixture(scope="module")
def stand_in() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "pylibcudf", lambda: pylibcudf)
        yield
