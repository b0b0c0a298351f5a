"""Every submission of the corpus."""

from __future__ import annotations

from tests.autograde.corpus.broken import make_broken
from tests.autograde.corpus.hogs import make_hogs
from tests.autograde.corpus.honest import make_honest
from tests.autograde.corpus.hostile import make_hostile
from tests.autograde.corpus.mangled import make_mangled
from tests.autograde.corpus.submission import Submission


def make_corpus() -> list[Submission]:
    """Return all submissions; raise `ValueError` where two have one name."""
    corpus = [
        *make_honest(),
        *make_mangled(),
        *make_broken(),
        *make_hogs(),
        *make_hostile(),
    ]
    names = [each.name for each in corpus]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"two submissions are called {', '.join(twice)}")
    return corpus
