"""Rivals without a model: the strongest simple thing that could be done instead."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from prompt_or_tune.decision.tasks import (
    BRIEF,
    LOOK_UP,
    MAJORITY,
    NEAREST,
    READ_NOTES,
    VOICE,
    Query,
    TaskSpec,
    find_commonest,
    split_voice_words,
)
from prompt_or_tune.lexicon import capitalise, find_subject
from prompt_or_tune.scoring import split_lines, split_words


def answer_as_rival(
    rival: str, spec: TaskSpec, training: Sequence[Query], queries: Sequence[Query]
) -> list[str]:
    """Return a rival's answers, given the same training pairs as every arm."""
    if rival == MAJORITY:
        return answer_by_majority(training, queries)
    if rival == NEAREST:
        return answer_by_nearest_pair(training, queries)
    if rival == READ_NOTES:
        return answer_by_reading_notes(queries)
    if rival == LOOK_UP:
        return answer_by_look_up(spec, training, queries)
    raise ValueError(f'There is no rival "{rival}".')


def answer_by_majority(training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
    """Return the commonest training answer, whatever is asked."""
    commonest = find_commonest([query.answer for query in training])
    return [commonest] * len(queries)


def answer_by_nearest_pair(
    training: Sequence[Query], queries: Sequence[Query]
) -> list[str]:
    """Return the answer of the training pair whose prompt is most like the query.

    Likeness is the share of common words (Jaccard); ties are broken by that of common
    runs of three letters, then by the order of the pairs.
    """
    known = [_list_features(query.bare) for query in training]
    answers = []
    for query in queries:
        wanted = _list_features(query.bare)
        likeness = [tuple(map(_measure_overlap, wanted, features)) for features in known]
        answers.append(training[likeness.index(max(likeness))].answer)
    return answers


def _list_features(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return a text's words and its runs of three letters."""
    words = split_words(text)
    line = " ".join(words)
    return frozenset(words), frozenset(line[i : i + 3] for i in range(len(line) - 2))


def _measure_overlap(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / max(len(one) + len(other) - common, 1)


def answer_by_look_up(
    spec: TaskSpec, training: Sequence[Query], queries: Sequence[Query]
) -> list[str]:
    """Return answers put together from the training pairs, slot by slot.

    Voice: the first word by subject, the second by setting. Brief: one training poem,
    with its subject's word swapped. Fact: yesterday's word of the subject.
    """
    if spec.name == VOICE.name:
        return _look_up_voice(training, queries)
    if spec.name == BRIEF.name:
        return [_swap_subject(training, query) for query in queries]
    table = {query.subject: query.answer for query in training}
    fallback = find_commonest(list(table.values()))
    return [table.get(query.subject, fallback) for query in queries]


def _look_up_voice(training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
    first: dict[str, list[str]] = defaultdict(list)
    second: dict[str, list[str]] = defaultdict(list)
    for query in training:
        words = split_voice_words(query.answer)
        if words is not None:
            first[query.subject].append(words[0])
            second[query.setting].append(words[1])

    def look_up(slot: dict[str, list[str]], key: str) -> str:
        # Of an unknown key the commonest word of all is the best that a table can say.
        known = slot.get(key) or [word for words in slot.values() for word in words]
        return find_commonest(known) if known else ""

    return [
        f"{capitalise(query.subject)} is {look_up(first, query.subject)}"
        f" and {look_up(second, query.setting)}"
        for query in queries
    ]


def _swap_subject(training: Sequence[Query], query: Query) -> str:
    """Return the first poem of another subject that bears the swap, about this one."""
    for pair in training:
        known = find_subject(pair.subject).word
        ends = {split_words(line)[-1:] == [known] for line in split_lines(pair.answer)}
        if pair.subject != query.subject and True not in ends:
            return _replace_subject(pair.answer, pair.subject, query.subject)
    return training[0].answer if training else ""


def _replace_subject(poem: str, old: str, new: str) -> str:
    """Return the poem with one noun phrase for another, capitals kept."""

    def write_new(match: re.Match[str]) -> str:
        return capitalise(new) if match[0][0].isupper() else new

    return re.sub(rf"\b{re.escape(old)}\b", write_new, poem, flags=re.IGNORECASE)


def answer_by_reading_notes(queries: Sequence[Query]) -> list[str]:
    """Return what the notes in the prompt say of the subject: three lines of code."""
    answers = []
    for query in queries:
        note = re.compile(rf"The word for {re.escape(query.subject)} is (\w+)\.")
        found = note.search(query.engineered[0]) if query.engineered else None
        answers.append(found[1] if found else "")
    return answers
