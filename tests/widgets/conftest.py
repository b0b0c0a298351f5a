"""One Seedling for all tests of the labs: loading it takes longer than most of them."""

from __future__ import annotations

import pytest
from prompt_or_tune.models import LanguageModel, load_model

from tests.tiny_course import make_course as make_course
from tests.tiny_course import progress_folder as progress_folder


@pytest.fixture(scope="package")
def model() -> LanguageModel:
    return load_model(device="cpu")
