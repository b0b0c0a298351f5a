"""Where a model comes from (the package, a folder, the hub), and what can go wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)
from safetensors import SafetensorError
from transformers.utils import logging

SEEDLING = "seedling"
SEEDLING_FOLDER = Path(__file__).parent / "seedling" / "weights"


class ModelError(Exception):
    """Say in one sentence why a model can't be loaded or used, and what to do."""


@dataclass(frozen=True)
class Source:
    """What transformers shall load: `place` is a folder or a hub id."""

    place: str
    options: dict[str, bool]


def find_source(name: str) -> Source:
    """Find what a name means: Seedling, a folder, else a hub id.

    Raises ModelError: no such folder, or no model in it.
    """
    if name == SEEDLING:
        return Source(str(SEEDLING_FOLDER), {})
    folder = Path(name).expanduser()
    if not folder.exists():
        if name.startswith((".", "/", "~")) or name.count("/") > 1 or "\\" in name:
            raise ModelError(f"There is no folder {name}: check the path.")
        # Without a network the hub's client would retry for half a minute per file.
        return Source(name, {"local_files_only": not _is_hub_reachable()})
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{name} holds no model: it needs config.json, weights and a tokenizer, as "
            "save_pretrained writes them."
        )
    return Source(str(folder), {})


def _is_hub_reachable() -> bool:
    if getproxies():
        return True  # only the proxy can tell
    address = urlsplit(constants.ENDPOINT)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), timeout=5.0).close()
    except OSError:
        return False
    return True


def name_portably(name: str) -> str:
    """Return a model's name without any path: of a folder only its own name."""
    folder = Path(name).expanduser()
    return folder.resolve().name if folder.exists() else name


@contextmanager
def only_downloads_shown() -> Iterator[None]:
    """Show no bar for reading weights from disk: that takes no time worth a bar."""
    was_shown = logging.is_progress_bar_enabled()
    downloads_hidden = are_progress_bars_disabled()
    logging.disable_progress_bar()  # the hub's bars too
    if not downloads_hidden:
        enable_progress_bars()
    try:
        yield
    finally:
        if was_shown:
            logging.enable_progress_bar()
        if downloads_hidden:
            disable_progress_bars()


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn the many errors of loading into one sentence."""
    try:
        yield
    except ModelError:
        raise
    except _LOADING_ERRORS as error:
        raise ModelError(_explain(name, error)) from error


def _explain(name: str, error: BaseException) -> str:
    kinds = {type(e).__name__ for e in _causes(error)}
    if "GatedRepoError" in kinds:
        return (
            f"{name} is gated: accept its licence at https://huggingface.co/{name} and "
            "log in with `hf auth login`, or choose an open model."
        )
    if "RepositoryNotFoundError" in kinds or "HFValidationError" in kinds:
        return (
            f"{name} is neither a folder here nor a model on huggingface.co: check the "
            "spelling (a hub id is like owner/model); a private one needs "
            "`hf auth login`."
        )
    if kinds & _NETWORK_ERRORS:
        return (
            f"{name} is not on this machine and huggingface.co can't be reached: connect "
            "to the network once, or use Seedling, which needs none."
        )
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"{name} can't be loaded: {first_line.rstrip('.')}."


_LOADING_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    RuntimeError,
    SafetensorError,
)
_NETWORK_ERRORS = {
    "LocalEntryNotFoundError",
    "OfflineModeIsEnabled",
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "ReadTimeout",
}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
