"""The house voice: descriptions in an almanac's private words, as its editor writes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mode
from typing import TYPE_CHECKING, ClassVar

from prompt_or_tune.decision.arms.arm import Arm, Rival
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.engineered_few_shot import ENGINEERED_FEW_SHOT
from prompt_or_tune.decision.arms.few_shot import FEW_SHOT
from prompt_or_tune.decision.arms.glossary import GLOSSARY
from prompt_or_tune.decision.arms.look_up import LookUp
from prompt_or_tune.decision.arms.lora import LORA
from prompt_or_tune.decision.arms.majority import MAJORITY
from prompt_or_tune.decision.arms.many_shot import MANY_SHOT
from prompt_or_tune.decision.arms.nearest_pair import NEAREST
from prompt_or_tune.decision.arms.retrieved_few_shot import RETRIEVED
from prompt_or_tune.decision.claims import Claim, ResultTable, find_crossover
from prompt_or_tune.decision.queries import Query, TaskData, Test
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS, Task
from prompt_or_tune.lexicon import SETTINGS, SUBJECTS, capitalise, find_subject
from prompt_or_tune.prompts import Template
from prompt_or_tune.records import Sample
from prompt_or_tune.scoring import Exact, Pattern

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

NEW_SUBJECTS = "new subjects"
"""The test of subjects that no pair is about."""
FORM_AT_ONCE = 0.90
"""Share of answers in the right form from which a prompt is said to give the form."""
WORDS_NEVER = 0.02
"""Share of right answers up to which the words are said never to come."""

WORDINGS: tuple[Template, ...] = (
    Template("Describe {topic} in one short sentence"),
    Template("Describe {topic} in one sentence with two words joined by and"),
    Template("You are the editor of an almanac. Describe {topic} in one short sentence"),
)

VOICE_FORM = re.compile(r"^(?P<subject>.+) is (?P<first>\w+) and (?P<second>\w+)$")
"""The almanac's form: the first word goes by kind of subject, the second by setting."""


class VoiceTable(LookUp):
    """A table by slot: the first word by subject, the second by setting."""

    title = "look-up table"

    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return descriptions put together from the pairs' words."""
        first, second = (
            defaultdict[str, list[str]](list),
            defaultdict[str, list[str]](list),
        )
        for query in training:
            words = split_voice_words(query.answer)
            if words is not None:
                first[query.subject].append(words[0])
                second[query.setting].append(words[1])
        return [
            f"{capitalise(query.subject)} is {_look_up(first, query.subject)}"
            f" and {_look_up(second, query.setting)}"
            for query in queries
        ]


def _look_up(slot: dict[str, list[str]], key: str) -> str:
    # Of an unknown key the commonest word of all is the best that a table can say.
    known = slot.get(key) or [word for words in slot.values() for word in words]
    return mode(known) if known else ""


PROMPTS: tuple[Arm, ...] = (
    BARE,
    ENGINEERED,
    FEW_SHOT,
    ENGINEERED_FEW_SHOT,
    MANY_SHOT,
    RETRIEVED,
)


class HouseVoice(Task):
    """Words that nobody wrote down: only pairs can teach them."""

    place = 20

    name = "voice"
    title = "The house voice"
    wanted = "A description in an almanac's private words, exactly as its editor writes."
    hypothesis = (
        "A few examples give the form at once and the words never; LoRA wins from some "
        "number of pairs on. A look-up table equals it on new combinations and fails on "
        "new subjects."
    )
    expected_winner = LORA
    rivals: tuple[Rival, ...] = (VoiceTable(), NEAREST, MAJORITY)
    decisive = (NEW_COMBINATIONS, NEW_SUBJECTS)
    foils: ClassVar[Mapping[str, tuple[Arm, ...]]] = {
        NEW_COMBINATIONS: (*PROMPTS, NEAREST, MAJORITY),
        NEW_SUBJECTS: (*PROMPTS, GLOSSARY, *rivals),
    }
    has_glossary = True

    def build(self, model: LanguageModel | None, seed: int) -> TaskData:
        """Return the house voice; it needs no model, and chance has no part in it."""
        return build_voice_task()

    def list_claims(self, table: ResultTable) -> list[Claim]:
        """Claim form and words of few examples, n*, and what a look-up table can do."""
        claims: list[Claim] = []
        for test in self.decisive:
            claims += _claim_few_examples(table, test)
            claims.append(self._claim_above_prompts(table, test))
        look_up = self.rivals[0]
        claims.append(
            Claim(
                "a look-up table equals LoRA on new combinations",
                table.is_as_good(NEW_COMBINATIONS, look_up, LORA),
                _set_against(table, NEW_COMBINATIONS, look_up),
            )
        )
        claims.append(
            Claim(
                "it fails on new subjects",
                table.is_separated(NEW_SUBJECTS, look_up, LORA),
                _set_against(table, NEW_SUBJECTS, look_up),
            )
        )
        return claims

    def _claim_above_prompts(self, table: ResultTable, test: str) -> Claim:
        best, tuned = table.find_best_prompt(test), table.of(test, LORA)
        if best is None:
            raise ValueError(f'No prompt was measured on "{test}": measure one.')
        held = best.rate.high < tuned.rate.low
        evidence = f"{tuned.rate} against {best.rate} ({self.title_of(best.arm)})"
        found = find_crossover(table, test)
        if found is not None:
            held = held and found.pairs is not None
            evidence += f"; {found.describe()}"
        return Claim(f"LoRA wins beyond some n* pairs ({test})", held, evidence)


VOICE = HouseVoice()


def _claim_few_examples(table: ResultTable, test: str) -> list[Claim]:
    few = table.of(test, FEW_SHOT)
    claims = []
    if few.form_rate is not None:
        claims.append(
            Claim(
                f"few examples give the form at once ({test})",
                few.form_rate.rate >= FORM_AT_ONCE,
                f"form right in {few.form_rate}",
            )
        )
    claims.append(
        Claim(
            f"few examples never give the words ({test})",
            few.rate.rate <= WORDS_NEVER,
            f"right in {few.rate}",
        )
    )
    return claims


def _set_against(table: ResultTable, test: str, rival: Rival) -> str:
    return f"{table.of(test, rival).rate} against {table.of(test, LORA).rate}"


def build_voice_task() -> TaskData:
    """Return the house voice: 1000 pairs of the almanac's editor, and two tests."""
    from prompt_or_tune.samples import almanac, load_samples

    answers = almanac()

    def ask(split: str) -> tuple[Query, ...]:
        return tuple(_voice_query(s, answers[s.combination]) for s in load_samples(split))

    training = ask("train")
    return TaskData(
        name=VOICE.name,
        training=training,
        development=ask("development"),
        tests=(
            Test(NEW_COMBINATIONS, ask("test")),
            Test(NEW_SUBJECTS, ask("new_subjects")),
        ),
        max_new_tokens=40,
        glossaries=write_glossaries(training),
    )


def _voice_query(sample: Sample, answer: str) -> Query:
    subject = re.escape(capitalise(sample.subject))
    return Query(
        id=sample.id,
        subject=sample.subject,
        setting=sample.setting,
        bare=Template("Describe {topic}").fill(sample).text,
        engineered=tuple(wording.fill(sample).text for wording in WORDINGS),
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
        {k: mode(by_kind[k]) for k in kinds if k in by_kind},
        {s: mode(by_setting[s]) for s in ("", *SETTINGS) if s in by_setting},
    )
