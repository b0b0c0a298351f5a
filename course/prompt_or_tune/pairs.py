"""Stage 3: pairs of prompt and response: files, token ids, and a look for leaks."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from prompt_or_tune.files import write_atomically
from prompt_or_tune.records import Pair, Sample
from prompt_or_tune.samples import almanac
from prompt_or_tune.scoring import normalise
from prompt_or_tune.wording import shorten

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

IGNORED_LABEL = -100  # what PyTorch's cross-entropy skips
LONGEST_LINE = 100_000  # bytes; a longer line is a mistake, not a pair
NEAR = 0.8


class PairsError(ValueError):
    """Say in one sentence what is wrong with pairs or their file, and where."""


@dataclass(frozen=True)
class EncodedPair:
    """A pair as a model trains on it: token ids, and labels of the same length.

    Labels repeat the ids of the response and its end-of-turn; elsewhere they are
    `IGNORED_LABEL`.
    """

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True)
class Leak:
    """A test pair that training has seen, or nearly: the score would be memory."""

    kind: Literal["exact", "normalised", "near"]
    train: Pair
    test: Pair
    similarity: float


def make_pairs(samples: Iterable[Sample]) -> list[Pair]:
    """Join samples with the almanac editor's answers; each pair keeps its sample's id.

    Raises PairsError for a combination that the editor never answered.
    """
    answers = almanac()
    pairs = []
    for sample in samples:
        if sample.combination not in answers:
            topic = " ".join(sample.combination).strip()
            raise PairsError(
                f"Sample {sample.id} asks about {topic!r}, which the almanac does not "
                "describe: choose a combination that is in it."
            )
        prompt = f"Describe {sample.subject} {sample.setting}".strip()
        pairs.append(Pair(prompt, answers[sample.combination], sample.id))
    return pairs


def read_pairs(path: str | os.PathLike[str]) -> list[Pair]:
    """Read pairs from JSON Lines with the fields `prompt` and `response`.

    Other fields are left alone, but for `sample_id`. Raises PairsError with the line's
    number: not UTF-8, over-long, not JSON, wrong fields, empty text; or no pair at all.
    """
    path = Path(path)
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise PairsError(f"{path} can't be read: {error.strerror or error}.") from error
    pairs = [
        _parse_line(line, f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not pairs:
        raise PairsError(f"{path} holds no pairs: it is empty.")
    return pairs


def write_pairs(pairs: Iterable[Pair], path: str | os.PathLike[str]) -> None:
    """Write pairs as JSON Lines, whole or not at all.

    Raises PairsError: read-only folder, full disk.
    """
    path = Path(path)
    lines = [json.dumps(_as_fields(pair), ensure_ascii=False) + "\n" for pair in pairs]
    try:
        write_atomically(path, "".join(lines))
    except OSError as error:
        raise PairsError(
            f"{path} can't be written: {error.strerror or error}."
        ) from error


def encode(pair: Pair, model: LanguageModel) -> EncodedPair:
    """Encode a pair through the model's chat template, with loss on the answer only.

    The prompt's ids are exactly those that generation starts from; the response (spaces
    around it dropped) and the end-of-turn follow. Raises PairsError: an empty response,
    or more tokens than the model reads.
    """
    response = pair.response.strip()
    if not response:
        raise PairsError(f"The response to {shorten(pair.prompt)!r} is empty.")
    prompt_ids = model.encode_prompt(pair.prompt)
    answer_ids = [*model.encode_text(response), model.end_of_turn_id]
    length = len(prompt_ids) + len(answer_ids)
    if length > model.context_length:
        raise PairsError(
            f"The pair {shorten(pair.prompt)!r} takes {length} tokens and {model.name} "
            f"reads {model.context_length}: shorten it."
        )
    return EncodedPair(
        input_ids=(*prompt_ids, *answer_ids),
        labels=(*[IGNORED_LABEL] * len(prompt_ids), *answer_ids),
    )


def find_leaks(
    train: Sequence[Pair], test: Sequence[Pair], *, near: float = NEAR
) -> list[Leak]:
    """Find test pairs that stand in the training data; at most one leak per test pair.

    exact: the same prompt; normalised: the same but for case, punctuation and spacing;
    near: prompt and response together share at least `near` of their words (Jaccard
    similarity, without the words that stand in most pairs: those are the template's).
    """
    exact = {pair.prompt: pair for pair in train}
    normalised = {normalise(pair.prompt): pair for pair in train}
    index = _WordIndex(train, test)
    leaks = []
    for pair in test:
        if pair.prompt in exact:
            leaks.append(Leak("exact", exact[pair.prompt], pair, 1.0))
        elif normalise(pair.prompt) in normalised:
            twin = normalised[normalise(pair.prompt)]
            leaks.append(Leak("normalised", twin, pair, 1.0))
        else:
            closest, similarity = index.find_closest(pair)
            if closest is not None and similarity >= near:
                leaks.append(Leak("near", closest, pair, similarity))
    return leaks


class _WordIndex:
    """Training pairs by the words in them, so that only sharers are compared."""

    def __init__(self, train: Sequence[Pair], test: Sequence[Pair]) -> None:
        self._train = train
        self._template = _find_template_words([*train, *test])
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, pair in enumerate(train):
            words = self._words_of(pair)
            self._sizes.append(len(words))
            for word in words:
                self._holders[word].append(number)

    def find_closest(self, pair: Pair) -> tuple[Pair | None, float]:
        """Return the training pair with the most words in common, and the similarity."""
        words = self._words_of(pair)
        shared: Counter[int] = Counter()
        for word in words:
            shared.update(self._holders.get(word, ()))
        best, similarity = None, 0.0
        for number, count in shared.items():
            jaccard = count / (len(words) + self._sizes[number] - count)
            if jaccard > similarity:
                best, similarity = self._train[number], jaccard
        return best, similarity

    def _words_of(self, pair: Pair) -> set[str]:
        words = _all_words(pair)
        return words - self._template or words


def _all_words(pair: Pair) -> set[str]:
    return set(normalise(f"{pair.prompt} {pair.response}").split())


def _find_template_words(pairs: Sequence[Pair]) -> set[str]:
    """Return the words of more than half of the pairs; of few pairs none can be told."""
    if len(pairs) < 20:
        return set()
    counts = Counter(word for pair in pairs for word in _all_words(pair))
    return {word for word, count in counts.items() if count > len(pairs) / 2}


def _parse_line(line: bytes, where: str) -> Pair:
    if len(line) > LONGEST_LINE:
        raise PairsError(
            f"{where} is {len(line)} bytes long and may have {LONGEST_LINE}: write one "
            "pair per line, and shorten long texts."
        )
    try:
        fields = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise PairsError(
            f"{where} is not UTF-8 text: save the file in the UTF-8 encoding."
        ) from error
    except (json.JSONDecodeError, RecursionError) as error:
        reason = getattr(error, "msg", "nested too deep")
        raise PairsError(
            f'{where} is not JSON ({reason}): expected {{"prompt": "...", "response": '
            '"..."}.'
        ) from error
    return _read_fields(fields, where)


def _read_fields(fields: object, where: str) -> Pair:
    if not isinstance(fields, dict):
        raise PairsError(f"{where} is not a JSON object with prompt and response.")
    for name in ("prompt", "response"):
        if name not in fields:
            found = ", ".join(map(str, fields)) or "none"
            raise PairsError(
                f"{where} has no field {name!r}: the fields are prompt and response "
                f"(found: {shorten(found)})."
            )
        if not isinstance(fields[name], str):
            kind = type(fields[name]).__name__
            raise PairsError(f"{where}: {name!r} is not text but {kind}.")
        if not fields[name].strip():
            raise PairsError(f"{where}: {name!r} is empty.")
    return Pair(fields["prompt"], fields["response"], str(fields.get("sample_id", "")))


def _as_fields(pair: Pair) -> dict[str, str]:
    fields = {"prompt": pair.prompt, "response": pair.response}
    return fields | ({"sample_id": pair.sample_id} if pair.sample_id else {})
