"""What Seedling can do, and what it cannot: probes with fixed seeds and stated bars."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from random import Random
from typing import Literal

from prompt_or_tune.files import write_atomically
from prompt_or_tune.lexicon import (
    DAILY_WORDS,
    SETTINGS,
    SUBJECTS,
    Subject,
    capitalise,
    parse_request,
)
from prompt_or_tune.models import SEEDLING_FOLDER, LanguageModel
from prompt_or_tune.pairs import make_pairs
from prompt_or_tune.prompts import ask_todays_word, few_shot, with_notes
from prompt_or_tune.records import Pair
from prompt_or_tune.samples import load_samples
from prompt_or_tune.scoring import (
    Exact,
    LineCount,
    OneSentence,
    Pattern,
    Rhyme,
    StartsWith,
    UsesWord,
    WordLimit,
    poem_brief,
)
from prompt_or_tune.statistics import wilson_interval

from solutions.workshop.seedling.corpus import choose_topic, name_topic
from solutions.workshop.seedling.styles import fill_style, invent_word
from solutions.workshop.seedling.words import GRAMMAR, HELD_OUT

RESULTS = SEEDLING_FOLDER / "probes.json"
SEED = 7


@dataclass(frozen=True)
class ProbeItem:
    """One prompt and what decides whether the answer to it is right."""

    prompt: str
    is_right: Callable[[str], bool]


@dataclass(frozen=True)
class Probe:
    """An ability: its name, the bar, on which side of it to be, and how to ask for it."""

    name: str
    bar: float | None
    wanted: Literal["at least", "at most", "reported"]
    write_items: Callable[[Random], Iterator[ProbeItem]]


@dataclass(frozen=True)
class ProbeResult:
    """How often a probe was right: a count, its rate, and its 95 % Wilson interval."""

    name: str
    wanted: str
    bar: float | None
    successes: int
    n: int
    rate: float
    low: float
    high: float
    examples: tuple[tuple[str, str], ...] = ()

    @property
    def holds(self) -> bool:
        """Return whether the point estimate is on the wanted side of the bar."""
        if self.bar is None:
            return True
        return (
            self.rate <= self.bar if self.wanted == "at most" else self.rate >= self.bar
        )


def _topics(random: Random) -> Iterator[tuple[Subject, str, str]]:
    while True:
        subject, setting = choose_topic(random)
        yield subject, setting, name_topic(subject, setting)


def _brief(frames: Sequence[str]) -> Callable[[Random], Iterator[ProbeItem]]:
    def write_items(random: Random) -> Iterator[ProbeItem]:
        for frame, (subject, _, topic) in zip(
            cycle(frames), _topics(random), strict=False
        ):
            prompt = capitalise(frame.format(topic=topic))
            yield ProbeItem(prompt, poem_brief(subject.word).check)

    return write_items


def _line_counts(random: Random) -> Iterator[ProbeItem]:
    for lines, (_, _, topic) in zip(cycle(range(2, 9)), _topics(random), strict=False):
        yield ProbeItem(
            f"Write a poem about {topic} with {lines} lines", LineCount(lines).check
        )


def _rhymes(random: Random) -> Iterator[ProbeItem]:
    for _, _, topic in _topics(random):
        yield ProbeItem(f"Write a rhyming poem about {topic}", Rhyme().check)


def _used_words(random: Random) -> Iterator[ProbeItem]:
    for _, _, topic in _topics(random):
        word = random.choice(DAILY_WORDS)
        prompt = f"Write a poem about {topic} that uses the word {word}"
        yield ProbeItem(prompt, UsesWord(word).check)


def _first_words(random: Random) -> Iterator[ProbeItem]:
    for _, _, topic in _topics(random):
        word = random.choice(GRAMMAR.openers)
        prompt = f"Write a poem about {topic} that starts with the word {word}"
        yield ProbeItem(prompt, StartsWith(word).check)


def _one_sentence(random: Random) -> Iterator[ProbeItem]:
    for _, _, topic in _topics(random):
        yield ProbeItem(f"Describe {topic} in one sentence", OneSentence().check)


def _under_words(random: Random) -> Iterator[ProbeItem]:
    for _, _, topic in _topics(random):
        limit = random.choice((8, 10, 12, 15, 20))
        prompt = f"Describe {topic} in under {limit} words"
        yield ProbeItem(prompt, WordLimit(limit - 1).check)


def _in_style(style: str, subject: Subject) -> Pattern:
    """Return what an answer in the style looks like, with any words in its two slots."""
    slot = "slot"
    filled = fill_style(style, subject.noun_phrase, f"<{slot}>", f"<{slot}>")
    return Pattern(f"^{re.escape(filled).replace(f'<{slot}>', chr(92) + 'S+?')}$")


def _styles(k: int) -> Callable[[Random], Iterator[ProbeItem]]:
    def write_items(random: Random) -> Iterator[ProbeItem]:
        for style in cycle(HELD_OUT.styles):
            pairs = []
            for subject in random.sample(SUBJECTS, k + 1):
                topic = name_topic(subject, random.choice(("", *SETTINGS)))
                first, second = random.sample(GRAMMAR.adjectives[subject.kind], 2)
                answer = fill_style(style, subject.noun_phrase, first, second)
                pairs.append(Pair(f"Describe {topic}", answer))
            prompt = few_shot(pairs[:-1], pairs[-1].prompt)
            yield ProbeItem(prompt, _in_style(style, subject).check)

    return write_items


def _private_word(random: Random) -> Iterator[ProbeItem]:
    """Yield prompts with four examples, one of them about the asked subject."""
    while True:
        style = "{S} is {a} and {b}"
        subjects = random.sample(SUBJECTS, 4)
        asked = subjects[0]
        words = {subject: invent_word(random) for subject in subjects}
        pairs = []
        for subject in subjects:
            topic = name_topic(subject, random.choice(SETTINGS))
            second = random.choice(GRAMMAR.adjectives[subject.kind])
            answer = fill_style(style, subject.noun_phrase, words[subject], second)
            pairs.append(Pair(f"Describe {topic}", answer))
        random.shuffle(pairs)
        shown = {pair.prompt for pair in pairs}
        free = [s for s in SETTINGS if f"Describe {name_topic(asked, s)}" not in shown]
        prompt = few_shot(pairs, f"Describe {name_topic(asked, random.choice(free))}")
        yield ProbeItem(prompt, UsesWord(words[asked]).check)


def _todays_word(random: Random) -> Iterator[ProbeItem]:
    while True:
        subjects = random.sample(SUBJECTS, 7)
        words = random.sample(DAILY_WORDS, 7)
        facts = [(s.noun_phrase, word) for s, word in zip(subjects, words, strict=True)]
        asked, word = facts[0]
        random.shuffle(facts)
        yield ProbeItem(with_notes(facts, ask_todays_word(asked)), UsesWord(word).check)


def _kinds(random: Random) -> Iterator[ProbeItem]:
    for subject in cycle(random.sample(SUBJECTS, len(SUBJECTS))):
        yield ProbeItem(
            f"What kind of thing is {subject.noun_phrase}?",
            Pattern(rf"\b{subject.kind}\.?$").check,
        )


VoiceWay = Literal["bare", "engineered", "few-shot"]


def _voice(way: VoiceWay) -> Callable[[Random], Iterator[ProbeItem]]:
    """Return prompts for the house voice, of which an untrained model knows nothing."""

    def write_items(random: Random) -> Iterator[ProbeItem]:
        training = make_pairs(load_samples("train"))
        for pair in cycle(make_pairs(load_samples("test"))):
            prompt = pair.prompt
            if way == "engineered":
                prompt += ' in the form "… is … and …"'
            if way == "few-shot":
                asked = parse_request(pair.prompt)
                strangers = [p for p in training if not _is_about(p, asked)]
                prompt = few_shot(random.sample(strangers, 4), prompt)
            yield ProbeItem(prompt, Exact(pair.response).check)

    return write_items


def _is_about(pair: Pair, topic: tuple[str, str] | None) -> bool:
    other = parse_request(pair.prompt)
    return topic is not None and other is not None and topic[0] == other[0]


BARE = "Write a poem about {topic}"
ENGINEERED = "Write a short, rhyming poem about {topic} with 4 lines"

PROBES: tuple[Probe, ...] = (
    Probe("the brief, bare prompt", 0.15, "at most", _brief([BARE])),
    Probe("the brief, engineered prompt", 0.90, "at least", _brief([ENGINEERED])),
    Probe("number of lines, 2 to 8", 0.90, "at least", _line_counts),
    Probe("rhyme", 0.90, "at least", _rhymes),
    Probe("a word to use", 0.90, "at least", _used_words),
    Probe("a word to start with", 0.90, "at least", _first_words),
    Probe("one sentence", 0.90, "at least", _one_sentence),
    Probe("under so many words", 0.90, "at least", _under_words),
    Probe("the brief in wordings never seen", 0.75, "at least", _brief(HELD_OUT.briefs)),
    Probe("the same with typos", None, "reported", _brief(HELD_OUT.briefs_with_typos)),
    Probe("style from 1 example", None, "reported", _styles(1)),
    Probe("style from 2 examples", 0.90, "at least", _styles(2)),
    Probe("style from 4 examples", 0.90, "at least", _styles(4)),
    Probe("style from 8 examples", 0.90, "at least", _styles(8)),
    Probe("a private word from 4 examples", 0.90, "at least", _private_word),
    Probe("today's word from notes", 0.95, "at least", _todays_word),
    Probe("the kind of a subject", 0.95, "at least", _kinds),
    Probe("house voice, bare prompt", 0.02, "at most", _voice("bare")),
    Probe("house voice, engineered prompt", 0.02, "at most", _voice("engineered")),
    Probe("house voice, few-shot", 0.02, "at most", _voice("few-shot")),
)


def run_probe(model: LanguageModel, probe: Probe, count: int) -> ProbeResult:
    """Return how often the model is right on `count` prompts of the probe, greedily."""
    items = list(islice(probe.write_items(Random(SEED)), count))
    answers = model.generate([item.prompt for item in items], max_new_tokens=96)
    right = [item.is_right(answer) for item, answer in zip(items, answers, strict=True)]
    interval = wilson_interval(sum(right), count)
    wrong_first = sorted(range(count), key=lambda place: right[place])
    examples = tuple((items[place].prompt, answers[place]) for place in wrong_first[:2])
    return ProbeResult(
        probe.name,
        probe.wanted,
        probe.bar,
        sum(right),
        count,
        sum(right) / count,
        interval.low,
        interval.high,
        examples,
    )


def run_probes(
    model: LanguageModel,
    *,
    count: int,
    on_progress: Callable[[ProbeResult], None],
) -> list[ProbeResult]:
    """Run all probes in order; each asks `count` prompts (at least 200 for a result)."""
    results = []
    for probe in PROBES:
        results.append(run_probe(model, probe, count))
        on_progress(results[-1])
    return results


def save_probes(results: Sequence[ProbeResult]) -> None:
    """Write the results as JSON, the file that the model card is generated from."""
    text = json.dumps(
        [asdict(result) for result in results], indent=1, ensure_ascii=False
    )
    write_atomically(RESULTS, text + "\n")


def load_probes() -> list[ProbeResult]:
    """Return the recorded results."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    return [
        ProbeResult(**{**row, "examples": tuple(map(tuple, row["examples"]))})
        for row in rows
    ]
