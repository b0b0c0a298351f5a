"""The changing fact: today's word for a subject, among distracting notes."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from prompt_or_tune.decision.arms.arm import Arm, Rival
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.engineered_few_shot import ENGINEERED_FEW_SHOT
from prompt_or_tune.decision.arms.few_shot import FEW_SHOT
from prompt_or_tune.decision.arms.look_up import LookUp
from prompt_or_tune.decision.arms.lora import LORA, LORA_ENGINEERED
from prompt_or_tune.decision.arms.majority import MAJORITY
from prompt_or_tune.decision.arms.many_shot import MANY_SHOT
from prompt_or_tune.decision.arms.reading_notes import READ_NOTES
from prompt_or_tune.decision.arms.retrieved_few_shot import RETRIEVED
from prompt_or_tune.decision.claims import Claim, ResultTable
from prompt_or_tune.decision.queries import Query, TaskData, Test
from prompt_or_tune.decision.tasks.task import Task
from prompt_or_tune.lexicon import DAILY_WORDS, find_subject
from prompt_or_tune.prompts import ask_todays_word, with_notes
from prompt_or_tune.scoring import Pattern

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

TODAY = "today"
YESTERDAY = "yesterday"
LEARNED = 0.90
"""Share of yesterday's words from which LoRA is said to have learned them."""
FACT_DAYS = 5
DISTRACTING_NOTES = 6


class YesterdaysTable(LookUp):
    """A table of the words that the pairs teach."""

    title = "yesterday's table"


class ChangingFact(Task):
    """What is right changes every day: no training keeps up with it."""

    place = 30

    name = "fact"
    title = "The changing fact"
    wanted = "Today's word for a subject; it is another one every day."
    hypothesis = (
        "The word in the context wins: a model that is tuned on yesterday's words gives "
        "yesterday's answer."
    )
    expected_winner = ENGINEERED
    rivals: tuple[Rival, ...] = (YesterdaysTable(), MAJORITY, READ_NOTES)
    decisive = (TODAY,)
    foils: ClassVar[Mapping[str, tuple[Arm, ...]]] = {
        TODAY: (BARE, FEW_SHOT, MANY_SHOT, RETRIEVED, LORA, rivals[0], MAJORITY),
    }
    titles: ClassVar[Mapping[Arm, str]] = {
        ENGINEERED: "notes in the prompt",
        ENGINEERED_FEW_SHOT: "notes + few-shot",
        LORA_ENGINEERED: "LoRA + notes",
    }

    def build(self, model: LanguageModel | None, seed: int) -> TaskData:
        """Return the changing fact; it needs no model."""
        return build_fact_task(seed)

    def list_claims(self, table: ResultTable) -> list[Claim]:
        """Claim that the tuned model is stale, though it learned yesterday's words."""
        notes, tuned = table.of(TODAY, ENGINEERED), table.of(TODAY, LORA)
        claims = [
            Claim(
                "the tuned model is stale today",
                table.is_separated(TODAY, LORA, ENGINEERED),
                f"{tuned.rate} against {notes.rate}",
            )
        ]
        if table.has(YESTERDAY, LORA):
            learned = table.of(YESTERDAY, LORA)
            claims.append(
                Claim(
                    "though it did learn yesterday's words",
                    learned.rate.rate >= LEARNED,
                    f"right in {learned.rate}",
                )
            )
        return claims


FACT = ChangingFact()


def build_fact_task(seed: int = 0) -> TaskData:
    """Return the changing fact: trained on yesterday's words, asked for today's.

    One day would give too few questions for a narrow interval, so "today" is each of the
    five days after yesterday, every one with words of its own. The test "yesterday" only
    shows that tuning did take in what it was taught.
    """
    from prompt_or_tune.samples import load_samples

    subjects = list(dict.fromkeys(s.subject for s in load_samples("train")))
    yesterday = draw_daily_words(subjects, 0, seed)
    later = [
        draw_daily_words(subjects, day, seed, yesterday) for day in range(FACT_DAYS + 1)
    ]
    training = _fact_queries(yesterday, "yesterday", seed)
    today = [
        query
        for day, words in enumerate(later[1:], 1)
        for query in _fact_queries(words, f"day-{day}", seed)
    ]
    return TaskData(
        name=FACT.name,
        training=training,
        development=_fact_queries(later[0], "development", seed),
        tests=(Test(TODAY, tuple(today)), Test(YESTERDAY, training)),
        max_new_tokens=24,
        tunes_on_bare=True,
    )


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
        rule=SaysWord(words[subject], tuple(words.values())),
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
