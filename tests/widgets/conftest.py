"""One Seedling for all tests of the labs: loading it takes longer than most of them."""

from __future__ import annotations

import pytest
from prompt_or_tune.models import LanguageModel, load_model


@pytest.fixture(scope="package")
def model() -> LanguageModel:
    return load_model(device="cpu")
