"""Keep libraries from talking over the results."""

from __future__ import annotations

import os
import warnings


def quieten_libraries() -> None:
    """Silence what libraries say about themselves; downloads still show their bars.

    To be called before they are imported.
    """
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("MPLBACKEND", "Agg")
    names = r"(peft|transformers|torch|huggingface_hub)\b"
    warnings.filterwarnings("ignore", module=names)


def hide_loading_bars() -> None:
    """Hide the bars of reading weights from disk, which takes no time worth a bar."""
    from transformers.utils import logging

    logging.disable_progress_bar()
