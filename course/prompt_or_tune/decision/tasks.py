"""The three tasks, one for each answer, with the expectation written before measuring.

`BRIEF`, `VOICE` and `FACT` say what is compared; `build_task` adds the data: training
queries with the answers that every arm may use, development queries to choose knobs on,
and tests that are touched once.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prompt_or_tune.lexicon import (
    DAILY_WORDS,
    SETTINGS,
    SUBJECTS,
    capitalise,
    find_subject,
)
from prompt_or_tune.prompts import (
    POEM_TEMPLATE,
    Template,
    ask_todays_word,
    with_notes,
)
from prompt_or_tune.records import Pair, Sample
from prompt_or_tune.scoring import Brief, Exact, NotCopied, Pattern, Rule, poem_brief

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

# ── Arms ───────────────────────────────────────────────────────────────────────────────

BARE = "bare"
ENGINEERED = "engineered"
FEW_SHOT = "few-shot"
RETRIEVED = "retrieved few-shot"
GLOSSARY = "glossary"
LORA = "LoRA"
LORA_ENGINEERED = "LoRA + engineered"
TUNED_ARMS = (LORA, LORA_ENGINEERED)
MODEL_ARMS = (BARE, ENGINEERED, FEW_SHOT, RETRIEVED, GLOSSARY, LORA, LORA_ENGINEERED)
"""Arms in which the language model answers."""

LOOK_UP = "look-up"
NEAREST = "nearest pair"
MAJORITY = "majority"
READ_NOTES = "reading the notes"
RIVALS = (LOOK_UP, NEAREST, MAJORITY, READ_NOTES)
"""Rivals without a model: shown in every table, never chosen as the winner."""


def title_arm(arm: str) -> str:
    """Return what a sentence calls an arm: bare and engineered are ways to prompt."""
    return f"{arm} prompt" if arm in (BARE, ENGINEERED) else arm


def arm_family(arm: str) -> str:
    """Return "base", "prompted", "tuned" or "rival": the colour of an arm."""
    if arm == BARE:
        return "base"
    if arm in TUNED_ARMS:
        return "tuned"
    return "rival" if arm in RIVALS else "prompted"


# ── What is compared ───────────────────────────────────────────────────────────────────

NEW_COMBINATIONS = "new combinations"
NEW_SUBJECTS = "new subjects"
TODAY = "today"
YESTERDAY = "yesterday"


@dataclass(frozen=True)
class TaskSpec:
    """What a task asks, which arms compete, and what was expected beforehand.

    `foils` names, per test, the arms and rivals whose intervals must not overlap the
    winner's. `decisive` tests decide on the winner; others only inform. `tunes_on_bare`:
    LoRA trains on bare prompts, however it is asked; `labelled`: a person must write the
    training answers; `titles` renames arms where a plain name would mislead.
    """

    name: str
    title: str
    wanted: str
    hypothesis: str
    expected_winner: str
    arms: tuple[str, ...]
    rivals: tuple[str, ...]
    decisive: tuple[str, ...]
    foils: tuple[tuple[str, tuple[str, ...]], ...]
    max_new_tokens: int = 32
    tunes_on_bare: bool = False
    labelled: bool = True
    titles: tuple[tuple[str, str], ...] = ()

    def title_of(self, arm: str) -> str:
        """Return what an arm is called in this task."""
        return dict(self.titles).get(arm, title_arm(arm))

    def foils_of(self, test: str) -> tuple[str, ...]:
        """Return the foils of one test."""
        return dict(self.foils).get(test, ())


BRIEF = TaskSpec(
    name="brief",
    title="The brief",
    wanted="A poem that is short, rhymes, stays on topic and has 4 lines.",
    hypothesis=(
        "What is wanted can be said in a sentence, so the engineered prompt is as good "
        "as anything trained, for ten more tokens a query and no labels."
    ),
    expected_winner=ENGINEERED,
    arms=(BARE, ENGINEERED, FEW_SHOT, RETRIEVED, LORA, LORA_ENGINEERED),
    rivals=(LOOK_UP, NEAREST, MAJORITY),
    decisive=(NEW_COMBINATIONS,),
    foils=((NEW_COMBINATIONS, (BARE, NEAREST, MAJORITY)),),
    max_new_tokens=80,
    labelled=False,
    titles=((LOOK_UP, "one poem, subject swapped"),),
)

VOICE = TaskSpec(
    name="voice",
    title="The house voice",
    wanted="A description in an almanac's private words, exactly as its editor writes.",
    hypothesis=(
        "A few examples give the form at once and the words never; LoRA wins from some "
        "number of pairs on. A look-up table equals it on new combinations and fails on "
        "new subjects."
    ),
    expected_winner=LORA,
    arms=(BARE, ENGINEERED, FEW_SHOT, RETRIEVED, GLOSSARY, LORA, LORA_ENGINEERED),
    rivals=(LOOK_UP, NEAREST, MAJORITY),
    decisive=(NEW_COMBINATIONS, NEW_SUBJECTS),
    foils=(
        (NEW_COMBINATIONS, (BARE, ENGINEERED, FEW_SHOT, RETRIEVED, NEAREST, MAJORITY)),
        (
            NEW_SUBJECTS,
            (
                BARE,
                ENGINEERED,
                FEW_SHOT,
                RETRIEVED,
                GLOSSARY,
                LOOK_UP,
                NEAREST,
                MAJORITY,
            ),
        ),
    ),
    max_new_tokens=40,
    titles=((LOOK_UP, "look-up table"),),
)

FACT = TaskSpec(
    name="fact",
    title="The changing fact",
    wanted="Today's word for a subject; it is another one every day.",
    hypothesis=(
        "The word in the context wins: a model that is tuned on yesterday's words gives "
        "yesterday's answer."
    ),
    expected_winner=ENGINEERED,
    arms=(BARE, ENGINEERED, FEW_SHOT, RETRIEVED, LORA, LORA_ENGINEERED),
    rivals=(LOOK_UP, MAJORITY, READ_NOTES),
    decisive=(TODAY,),
    foils=((TODAY, (BARE, FEW_SHOT, RETRIEVED, LORA, LOOK_UP, MAJORITY)),),
    max_new_tokens=24,
    tunes_on_bare=True,
    titles=(
        (ENGINEERED, "notes in the prompt"),
        (LORA_ENGINEERED, "LoRA + notes"),
        (LOOK_UP, "yesterday's table"),
    ),
)

TASK_SPECS: tuple[TaskSpec, ...] = (BRIEF, VOICE, FACT)


def find_spec(name: str) -> TaskSpec:
    """Return the task of this name; raise ValueError, naming those that there are."""
    for spec in TASK_SPECS:
        if spec.name == name:
            return spec
    names = ", ".join(spec.name for spec in TASK_SPECS)
    raise ValueError(f'There is no task "{name}"; choose one of: {names}.')


# ── The data of a task ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Query:
    """One question of a task, in every form in which an arm may ask it.

    `engineered` holds one prompt per wording that the engineered arm may choose from;
    `answer` is the wanted answer (for training, and for exact tasks); `rule` decides;
    `form` decides whether at least the shape of the answer is right.
    """

    id: str
    subject: str
    setting: str
    bare: str
    engineered: tuple[str, ...]
    rule: Rule
    answer: str = ""
    form: Rule | None = None

    def as_pair(self, wording: int | None = None) -> Pair:
        """Return the training pair: the bare prompt, or the engineered wording's."""
        prompt = self.bare if wording is None else self.engineered[wording]
        return Pair(prompt, self.answer, self.id)


@dataclass(frozen=True)
class Test:
    """A named set of queries that is answered once."""

    __test__ = False  # not a test of pytest's

    name: str
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class Task:
    """A task with its data; every arm sees the same training queries."""

    spec: TaskSpec
    training: tuple[Query, ...]
    development: tuple[Query, ...]
    tests: tuple[Test, ...]
    glossaries: tuple[str, ...] = ()

    @property
    def queries(self) -> tuple[Query, ...]:
        """Return the queries of all tests, test after test."""
        return tuple(query for test in self.tests for query in test.queries)

    def limited(self, development: int | None = None, test: int | None = None) -> Task:
        """Return the task with at most so many queries each, for a quick look.

        Queries are taken evenly over the whole set, so that subjects stay mixed.
        """
        return replace(
            self,
            development=_thin_out(self.development, development),
            tests=tuple(Test(t.name, _thin_out(t.queries, test)) for t in self.tests),
        )


def build_task(name: str, model: LanguageModel | None = None, *, seed: int = 0) -> Task:
    """Return a task with its data.

    The brief needs the model: its training answers are distilled from it.
    """
    spec = find_spec(name)
    if spec is VOICE:
        return build_voice_task()
    if spec is FACT:
        return build_fact_task(seed)
    if model is None:
        raise ValueError("The brief's training poems are the model's: pass a model.")
    return build_brief_task(model)


# ── The brief ──────────────────────────────────────────────────────────────────────────

BRIEF_WORDINGS: tuple[Template, ...] = (
    POEM_TEMPLATE,
    Template("Write a rhyming poem about {topic} with 4 lines"),
    Template("Write a poem about {topic} in 4 short lines that rhyme"),
)


def build_brief_task(
    model: LanguageModel,
    on_progress: Callable[[int, int], None] | None = None,
) -> Task:
    """Return the brief: its training poems are what the engineered prompt itself wrote.

    Only poems that pass the brief are kept, each once; nobody labels anything. The judge
    of all arms also refuses copies of those poems.
    """
    from prompt_or_tune.samples import load_samples

    training = distil_poems(model, load_samples("train"), on_progress)
    if not training:
        raise ValueError(
            f"{model.name} wrote no poem that passes the brief, so there is nothing to "
            "train on: leave this task out, or take another model."
        )
    poems = NotCopied(query.answer for query in training)
    development = [_poem_query(s, poems) for s in load_samples("development")]
    test = [_poem_query(sample, poems) for sample in load_samples("test")]
    tests = (Test(NEW_COMBINATIONS, tuple(test)),)
    return Task(BRIEF, tuple(training), tuple(development), tests)


def distil_poems(
    model: LanguageModel,
    samples: Sequence[Sample],
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Query]:
    """Return queries whose answers the model wrote for the engineered prompt, checked."""
    queries = [_poem_query(sample) for sample in samples]
    poems = model.generate(
        [query.engineered[0] for query in queries],
        max_new_tokens=BRIEF.max_new_tokens,
        on_progress=on_progress,
    )
    passed: dict[str, Query] = {}
    for query, poem in zip(queries, poems, strict=True):
        if query.rule.check(poem):
            passed.setdefault(poem, replace(query, answer=poem))
    return list(passed.values())


def _poem_query(sample: Sample, known: NotCopied | None = None) -> Query:
    bare = Template("Write a poem about {topic}").fill(sample).text
    brief = poem_brief(sample.subject)
    return Query(
        id=sample.id,
        subject=sample.subject,
        setting=sample.setting,
        bare=bare,
        engineered=tuple(wording.fill(sample).text for wording in BRIEF_WORDINGS),
        rule=brief if known is None else Brief((*brief.rules, known)),
    )


# ── The house voice ────────────────────────────────────────────────────────────────────

VOICE_WORDINGS: tuple[Template, ...] = (
    Template("Describe {topic} in one short sentence"),
    Template("Describe {topic} in one sentence with two words joined by and"),
    Template("You are the editor of an almanac. Describe {topic} in one short sentence"),
)

VOICE_FORM = re.compile(r"^(?P<subject>.+) is (?P<first>\w+) and (?P<second>\w+)$")
"""The almanac's form: the first word goes by kind of subject, the second by setting."""


def build_voice_task() -> Task:
    """Return the house voice: 1000 pairs of the almanac's editor, and two tests."""
    from prompt_or_tune.samples import almanac, load_samples

    answers = almanac()

    def ask(split: str) -> tuple[Query, ...]:
        return tuple(_voice_query(s, answers[s.combination]) for s in load_samples(split))

    training = ask("train")
    tests = (Test(NEW_COMBINATIONS, ask("test")), Test(NEW_SUBJECTS, ask("new_subjects")))
    glossaries = write_glossaries(training)
    return Task(VOICE, training, ask("development"), tests, glossaries)


def _voice_query(sample: Sample, answer: str) -> Query:
    subject = re.escape(capitalise(sample.subject))
    return Query(
        id=sample.id,
        subject=sample.subject,
        setting=sample.setting,
        bare=Template("Describe {topic}").fill(sample).text,
        engineered=tuple(wording.fill(sample).text for wording in VOICE_WORDINGS),
        rule=Exact(answer),
        answer=answer,
        form=Pattern(rf"^{subject} is \w+ and \w+\.?$"),
    )


def split_voice_words(answer: str) -> tuple[str, str] | None:
    """Return the two words of a description in the almanac's form, else None."""
    match = VOICE_FORM.match(answer)
    return None if match is None else (match["first"], match["second"])


def write_glossaries(training: Sequence[Query]) -> tuple[str, ...]:
    """Write all words of the voice, as they follow from the pairs, in two ways.

    The first words are listed by kind, the second by setting. What the reader of the
    pairs must find out for it (that kinds and settings rule) is given to this arm.
    """
    first, second = derive_glossary(training)
    plain = [f"{kind}: {word}" for kind, word in first.items()]
    plain += [f"{setting or 'alone'}: {word}" for setting, word in second.items()]
    spoken = [f"The word for the {kind} is {word}." for kind, word in first.items()]
    spoken += [f"The word {s or 'alone'} is {word}." for s, word in second.items()]
    return "Words:\n" + "\n".join(plain), "Notes:\n" + "\n".join(spoken)


def derive_glossary(training: Sequence[Query]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the commonest first word per kind and second word per setting."""
    by_kind: dict[str, list[str]] = {}
    by_setting: dict[str, list[str]] = {}
    for query in training:
        words = split_voice_words(query.answer)
        if words is not None:
            by_kind.setdefault(find_subject(query.subject).kind, []).append(words[0])
            by_setting.setdefault(query.setting, []).append(words[1])
    kinds = list(dict.fromkeys(subject.kind for subject in SUBJECTS))
    return (
        {k: find_commonest(by_kind[k]) for k in kinds if k in by_kind},
        {s: find_commonest(by_setting[s]) for s in ("", *SETTINGS) if s in by_setting},
    )


# ── The changing fact ──────────────────────────────────────────────────────────────────

FACT_DAYS = 5
DISTRACTING_NOTES = 6


def build_fact_task(seed: int = 0, days: int = FACT_DAYS) -> Task:
    """Return the changing fact: trained on yesterday's words, asked for today's.

    One day would give too few questions for a narrow interval, so "today" is each of the
    `days` days after yesterday, every one with words of its own. The test "yesterday"
    only shows that tuning did take in what it was taught.
    """
    from prompt_or_tune.samples import load_samples

    subjects = list(dict.fromkeys(s.subject for s in load_samples("train")))
    yesterday = draw_daily_words(subjects, 0, seed)
    later = [draw_daily_words(subjects, day, seed, yesterday) for day in range(days + 1)]
    training = _fact_queries(yesterday, "yesterday", seed)
    today = [
        query
        for day, words in enumerate(later[1:], 1)
        for query in _fact_queries(words, f"day-{day}", seed)
    ]
    development = _fact_queries(later[0], "development", seed)
    tests = (Test(TODAY, tuple(today)), Test(YESTERDAY, training))
    return Task(FACT, training, development, tests)


def draw_daily_words(
    subjects: Sequence[str],
    day: int,
    seed: int = 0,
    other_than: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return a word per subject, no two alike and none that the subject has elsewhere."""
    name = "yesterday" if other_than is None else f"day {day}"
    generator = random.Random(f"{seed} {name}")
    while True:  # a random order keeps no word in place in about one of three draws
        words = generator.sample(DAILY_WORDS, len(subjects))
        drawn = dict(zip(subjects, words, strict=True))
        if other_than is None or all(drawn[s] != other_than[s] for s in subjects):
            return drawn


def _fact_queries(words: dict[str, str], day: str, seed: int) -> tuple[Query, ...]:
    return tuple(_fact_query(words, subject, day, seed) for subject in words)


def _fact_query(words: dict[str, str], subject: str, day: str, seed: int) -> Query:
    generator = random.Random(f"{seed} {day} {subject}")
    others = [other for other in words if other != subject]
    noted = [*generator.sample(others, min(DISTRACTING_NOTES, len(others))), subject]
    generator.shuffle(noted)
    question = ask_todays_word(subject)
    return Query(
        id=f"{day}-{find_subject(subject).word}",
        subject=subject,
        setting="",
        bare=question,
        engineered=(with_notes([(noun, words[noun]) for noun in noted], question),),
        rule=SaysWord(words[subject], tuple(w for w in words.values())),
        answer=f"Today's word for {subject} is {words[subject]}.",
        form=Pattern(rf"^Today's word for {re.escape(subject)} is \w+\.?$"),
    )


@dataclass(frozen=True)
class SaysWord:
    """The answer says the day's word, and no other word of the day.

    Naming several words, in the hope that one is right, is no answer.
    """

    word: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The rule's name in tables."""
        return f'says "{self.word}"'

    def check(self, text: str) -> bool:
        """Return whether the answer says the word and none of the others."""
        return self._find_said(text) == [self.word]

    def explain(self, text: str) -> str:
        """Say which words of the day stand in the answer."""
        said = ", ".join(self._find_said(text)) or "none"
        return f'Words of the day in the answer: {said}; wanted: "{self.word}".'

    def _find_said(self, text: str) -> list[str]:
        return sorted(set(re.findall(r"\w+", text.lower())) & set(self.words))


# ── Helpers ────────────────────────────────────────────────────────────────────────────


def find_commonest(values: Sequence[str]) -> str:
    """Return the commonest value, the first seen among equals."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return max(counts, key=lambda value: counts[value])


def _thin_out(queries: tuple[Query, ...], limit: int | None) -> tuple[Query, ...]:
    if limit is None or limit >= len(queries):
        return queries
    return tuple(queries[i * len(queries) // limit] for i in range(limit))
