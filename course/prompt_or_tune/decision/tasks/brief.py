"""The brief: a poem that is short, rhymes, stays on topic and has 4 lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from prompt_or_tune.decision.arms.arm import Arm, Rival
from prompt_or_tune.decision.arms.bare import BARE
from prompt_or_tune.decision.arms.engineered import ENGINEERED
from prompt_or_tune.decision.arms.look_up import LookUp
from prompt_or_tune.decision.arms.lora import LORA, LORA_ENGINEERED
from prompt_or_tune.decision.arms.majority import MAJORITY
from prompt_or_tune.decision.arms.nearest_pair import NEAREST
from prompt_or_tune.decision.claims import Claim, ResultTable
from prompt_or_tune.decision.queries import Query, TaskData, Test
from prompt_or_tune.decision.tasks.task import NEW_COMBINATIONS, Task
from prompt_or_tune.lexicon import capitalise, find_subject
from prompt_or_tune.prompts import POEM_TEMPLATE, Template
from prompt_or_tune.records import Sample
from prompt_or_tune.scoring import (
    Brief,
    NotCopied,
    poem_brief,
    split_lines,
    split_words,
)

if TYPE_CHECKING:
    from prompt_or_tune.models import LanguageModel

TEN_MORE_TOKENS = 15.0
"""Extra tokens per query up to which "ten more tokens" is said to hold."""
LONGEST_POEM = 80  # new tokens

WORDINGS: tuple[Template, ...] = (
    POEM_TEMPLATE,
    Template("Write a rhyming poem about {topic} with 4 lines"),
    Template("Write a poem about {topic} in 4 short lines that rhyme"),
)


class SwappedPoem(LookUp):
    """One training poem for every query, with its subject's word swapped."""

    title = "one poem, subject swapped"

    def answer(self, training: Sequence[Query], queries: Sequence[Query]) -> list[str]:
        """Return for each query a poem of another subject that bears the swap."""
        return [_swap_subject(training, query) for query in queries]


class PoemBrief(Task):
    """Sayable in a sentence: the engineered prompt should do as well as anything."""

    place = 10

    name = "brief"
    title = "The brief"
    wanted = "A poem that is short, rhymes, stays on topic and has 4 lines."
    hypothesis = (
        "What is wanted can be said in a sentence, so the engineered prompt is as good "
        "as anything trained, for ten more tokens a query and no labels."
    )
    expected_winner = ENGINEERED
    rivals: tuple[Rival, ...] = (SwappedPoem(), NEAREST, MAJORITY)
    decisive = (NEW_COMBINATIONS,)
    foils: ClassVar[Mapping[str, tuple[Arm, ...]]] = {
        NEW_COMBINATIONS: (BARE, NEAREST, MAJORITY)
    }

    def build(self, model: LanguageModel | None, seed: int) -> TaskData:
        """Return the brief: its training poems are what the engineered prompt wrote."""
        if model is None:
            raise ValueError("The brief's training poems are the model's: pass a model.")
        return build_brief_task(model)

    def list_claims(self, table: ResultTable) -> list[Claim]:
        """Claim few tokens, no labels, and that nothing trained is better."""
        engineered = table.of(NEW_COMBINATIONS, ENGINEERED)
        bare = table.of(NEW_COMBINATIONS, BARE)
        extra = engineered.prompt_tokens - bare.prompt_tokens
        claims = [
            Claim(
                "it takes about ten more tokens a query",
                extra <= TEN_MORE_TOKENS,
                f"{extra:.1f} more tokens",
            ),
            Claim(
                "it takes no labels",
                engineered.labels == 0,
                f"{engineered.labels} labels",
            ),
        ]
        for arm in (LORA, LORA_ENGINEERED):
            if table.has(NEW_COMBINATIONS, arm):
                tuned = table.of(NEW_COMBINATIONS, arm)
                claims.append(
                    Claim(
                        f"it is as good as {self.title_of(arm.name)}",
                        table.is_as_good(NEW_COMBINATIONS, ENGINEERED, arm),
                        f"{engineered.rate} against {tuned.rate}",
                    )
                )
        return claims


BRIEF = PoemBrief()


def build_brief_task(model: LanguageModel) -> TaskData:
    """Return the brief: its training poems are what the engineered prompt itself wrote.

    Only poems that pass the brief are kept, each once; nobody labels anything. The judge
    of all arms also refuses copies of those poems.
    """
    from prompt_or_tune.samples import load_samples

    training = distil_poems(model, load_samples("train"))
    if not training:
        raise ValueError(
            f"{model.name} wrote no poem that passes the brief, so there is nothing to "
            "train on: leave this task out, or take another model."
        )
    poems = NotCopied(query.answer for query in training)
    development = [ask_for_poem(s, poems) for s in load_samples("development")]
    test = [ask_for_poem(sample, poems) for sample in load_samples("test")]
    return make_brief_data(training, development, test)


def make_brief_data(
    training: Sequence[Query], development: Sequence[Query], test: Sequence[Query]
) -> TaskData:
    """Return the brief's data made of these queries; nobody wrote a label for them."""
    return TaskData(
        name=BRIEF.name,
        training=tuple(training),
        development=tuple(development),
        tests=(Test(NEW_COMBINATIONS, tuple(test)),),
        max_new_tokens=LONGEST_POEM,
        labelled=False,
    )


def distil_poems(model: LanguageModel, samples: Sequence[Sample]) -> list[Query]:
    """Return queries whose answers the model wrote for the engineered prompt, checked."""
    queries = [ask_for_poem(sample) for sample in samples]
    poems = model.generate(
        [query.engineered[0] for query in queries],
        max_new_tokens=LONGEST_POEM,
    )
    passed: dict[str, Query] = {}
    for query, poem in zip(queries, poems, strict=True):
        if query.rule.check(poem):
            passed.setdefault(poem, replace(query, answer=poem))
    return list(passed.values())


def ask_for_poem(sample: Sample, known: NotCopied | None = None) -> Query:
    """Return the query that asks for a poem about a sample's topic.

    Its rule is the brief; with `known` poems it also refuses copies of those.
    """
    brief = poem_brief(sample.subject)
    return Query(
        id=sample.id,
        subject=sample.subject,
        setting=sample.setting,
        bare=Template("Write a poem about {topic}").fill(sample).text,
        engineered=tuple(wording.fill(sample).text for wording in WORDINGS),
        rule=brief if known is None else Brief((*brief.rules, known)),
    )


def _swap_subject(training: Sequence[Query], query: Query) -> str:
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
