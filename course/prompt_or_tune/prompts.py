"""Stage 2: prompt engineering. The question changes, and the model stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import ClassVar

from prompt_or_tune.lexicon import parse_request
from prompt_or_tune.records import Pair, Prompt, Sample


class TemplateError(ValueError):
    """A prompt template that cannot be filled; the message says why and what to do."""


@dataclass(frozen=True)
class Template:
    """A prompt with a place for what it is about.

    The places are `{subject}` (the noun phrase alone), `{topic}` (with its setting) and
    `{request}` (the sample's own text). Raises `TemplateError` when the text has none of
    them, or others.
    """

    text: str
    PLACES: ClassVar[tuple[str, ...]] = ("subject", "topic", "request")

    def __post_init__(self) -> None:
        known = ", ".join(f"{{{place}}}" for place in self.PLACES)
        try:
            names = {
                name for _, name, _, _ in Formatter().parse(self.text) if name is not None
            }
        except ValueError as error:
            raise TemplateError(
                f"The template's braces do not match ({error}): write one of {known}."
            ) from error
        if stray := names - set(self.PLACES):
            raise TemplateError(
                f"The template has a place {{{sorted(stray)[0]}}}: "
                f"only {known} can be filled."
            )
        if not names:
            raise TemplateError(
                f"The template says the same for every sample: put one of {known} in it."
            )

    def fill(self, sample: Sample) -> Prompt:
        """Return the prompt for one sample."""
        topic = f"{sample.subject} {sample.setting}".strip()
        text = self.text.format(subject=sample.subject, topic=topic, request=sample.text)
        return Prompt(text, sample.id)


POEM_TEMPLATE = Template("Write a short, rhyming poem about {topic} with 4 lines")
DESCRIPTION_TEMPLATE = Template("Describe {topic} in one short sentence")


def wants_poem(sample: Sample) -> bool:
    """Return whether the sample asks for a poem rather than a description."""
    return "poem" in sample.text.lower()


def improve(sample: Sample) -> Prompt:
    """Return the engineered prompt for a sample: it says aloud what was meant.

    A poem is to be short, rhyming and of four lines; a description one short sentence.
    """
    return (POEM_TEMPLATE if wants_poem(sample) else DESCRIPTION_TEMPLATE).fill(sample)


class FewShot:
    """The marks of a few-shot prompt, which is sent as one message."""

    REQUEST: ClassVar[str] = "Request:"
    ANSWER: ClassVar[str] = "Answer:"
    SEPARATOR: ClassVar[str] = "\n\n"


def few_shot(examples: Iterable[Pair], prompt: str) -> str:
    """Return the prompt with worked examples before it, in the order given."""
    shown = [
        f"{FewShot.REQUEST} {pair.prompt}\n{FewShot.ANSWER} {pair.response}"
        for pair in examples
    ]
    shown.append(f"{FewShot.REQUEST} {prompt}\n{FewShot.ANSWER}")
    return FewShot.SEPARATOR.join(shown)


def nearest_pairs(pairs: Sequence[Pair], prompt: str, k: int) -> list[Pair]:
    """Return the k pairs that share most with the prompt, the most alike last.

    Pairs about the same subject and pairs with the same setting take turns, so that both
    halves of the answer are shown. Where the pairs are not about the almanac, the share
    of common words (Jaccard) decides. Ties keep the order of the pairs.
    """
    if k < 1:
        return []
    wanted = parse_request(prompt)
    known = [(pair, parse_request(pair.prompt)) for pair in pairs]
    if wanted is None or not any(topic for _, topic in known):
        ranked = sorted(pairs, key=lambda pair: -_common_words(pair.prompt, prompt))
        return ranked[:k][::-1]
    same_subject = [p for p, topic in known if topic and topic[0] == wanted[0]]
    same_setting = [p for p, topic in known if topic and topic[1] == wanted[1]]
    chosen: dict[int, Pair] = {}
    for place in range(max(len(same_subject), len(same_setting))):
        for neighbours in (same_subject, same_setting):
            if place < len(neighbours):
                chosen.setdefault(id(neighbours[place]), neighbours[place])
    for pair, _ in known:
        chosen.setdefault(id(pair), pair)
    return list(chosen.values())[:k][::-1]


def retrieved_few_shot(pairs: Sequence[Pair], prompt: str, k: int) -> str:
    """Return the prompt with the k nearest pairs before it as worked examples."""
    return few_shot(nearest_pairs(pairs, prompt, k), prompt)


def _common_words(one: str, other: str) -> float:
    first, second = set(one.lower().split()), set(other.lower().split())
    return len(first & second) / max(len(first | second), 1)


def ask_todays_word(subject: str) -> str:
    """Return the question of the changing fact."""
    return f"What is today's word for {subject}?"


def state_notes(facts: Iterable[tuple[str, str]]) -> str:
    """Return notes that state the word of the day of each (subject, word)."""
    lines = [f"The word for {subject} is {word}." for subject, word in facts]
    return "\n".join(["Notes for today:", *lines])


def with_notes(facts: Iterable[tuple[str, str]], question: str) -> str:
    """Return the question with the notes before it."""
    return f"{state_notes(facts)}\n\n{question}"
