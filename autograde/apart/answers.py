"""Answer questions about a student's names, inside the student's own process.

Nothing here is trusted by the side that asks: whoever runs in this process can put any
other text in place of a reply. So it only has to be right for those who play fair.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TextIO

from prompt_or_tune.checks.comparing import find_place, shorten
from prompt_or_tune.checks.scenarios import run_scenario

from autograde.apart import codec


class Reply(str):
    """A text that IPython shows as it is, without quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def serve(request: str, namespace: Mapping[str, Any]) -> Reply:
    """Return the reply to one request: which names there are, or what a call gives.

    What the answer prints goes nowhere. Never raises but for a request that is damaged.
    """
    message = codec.read_message(request)
    codec.import_records(message)
    with _silence():
        try:
            return Reply(codec.write_message(_reply(message, namespace)))
        except BaseException as error:  # sys.exit() in an answer must not end the kernel
            answer = namespace.get(message.get("answer", ""))
            return Reply(codec.write_message({"raised": _describe(error, answer)}))


def _reply(message: dict[str, Any], namespace: Mapping[str, Any]) -> dict[str, Any]:
    if "names" in message:
        found = [name for name in message["names"] if name in namespace]
        return {"names": {name: _describe_name(namespace[name]) for name in found}}
    special = {"answer": namespace.__getitem__}
    arguments, options = (
        codec.decode(message[part], special=special) for part in ("arguments", "options")
    )
    answer = namespace[message["answer"]]
    if "scenario" in message:
        value = run_scenario(message["scenario"], answer, **options)
    else:
        value = answer(*arguments, **options)
    return {"value": codec.encode(value, _describe_foreign)}


def _describe_name(value: object) -> Any:
    if callable(value):
        return {"function": _describe_foreign(value)["foreign"]}
    try:
        message = codec.encode(value, _describe_foreign)
        codec.write_message({"value": message})
    except Exception:  # one name that is too large, or odd, must not hide the others
        return _describe_foreign(value)
    return message


def _describe_foreign(value: object) -> dict[str, list[str]]:
    return {"foreign": [type(value).__name__, shorten(value)]}


def _describe(error: BaseException, answer: object) -> dict[str, Any]:
    try:
        text = str(error)
    except Exception as other:  # a learner's own error may raise while it is told
        text = f"<its text raises {type(other).__name__}>"
    return {
        "names": [kind.__name__ for kind in type(error).__mro__],
        "text": text[: codec.LONGEST_TEXT],
        "place": find_place(error, answer)[: codec.LONGEST_TEXT],
    }


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    nowhere = _open_nowhere()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


@cache
def _open_nowhere() -> TextIO:
    # Never closed: what an answer logs may be written after its call.
    return open(os.devnull, "w", encoding="utf-8")


# ── On the other side: how a kernel is asked ────────────────────────────────────────────


def make_expression(request: str) -> str:
    """Return the expression whose value in a student's kernel is the reply."""
    return f'__import__("{__name__}", fromlist=["serve"]).serve({request!r}, globals())'


def read_reply(content: Mapping[str, Any], key: str) -> str:
    """Return the reply text from what a kernel answered to a request to execute.

    `key` is the name of the expression. Whatever a kernel makes up comes back as an
    error, or as a text that the trusted side then refuses.
    """
    found: Any = content.get("user_expressions")
    for part in (key, "data", "text/plain"):
        found = found.get(part) if isinstance(found, dict) else None
    if type(found) is not str or len(found) > codec.LARGEST:
        return make_refusal("The answer's process sent no answer.")
    return found


def make_refusal(sentence: str) -> str:
    """Return the reply that ends a grade cell: no answer will come, and why."""
    return json.dumps({"error": sentence})
