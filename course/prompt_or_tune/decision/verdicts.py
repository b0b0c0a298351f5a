"""Hold each task's hypothesis against its results: winner, foils, claim by claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prompt_or_tune.decision.arms import ArmResult
from prompt_or_tune.decision.costs import Prices
from prompt_or_tune.decision.curves import (
    CurvePoint,
    crossover,
    select_points,
    summarise_curve,
)
from prompt_or_tune.decision.recommendation import (
    ALPHA,
    DEFAULT_QUERIES,
    Candidate,
    Flip,
    Recommendation,
    foils_separated,
    recommend,
)
from prompt_or_tune.decision.tasks import (
    BARE,
    BRIEF,
    ENGINEERED,
    FACT,
    FEW_SHOT,
    LOOK_UP,
    LORA,
    NEW_COMBINATIONS,
    NEW_SUBJECTS,
    TODAY,
    TUNED_ARMS,
    VOICE,
    YESTERDAY,
    TaskSpec,
    arm_family,
)
from prompt_or_tune.statistics import Rate, mcnemar_exact

FORM_AT_ONCE = 0.90
"""Share of answers in the right form from which a prompt is said to give the form."""
WORDS_NEVER = 0.02
"""Share of right answers up to which the words are said never to come."""
TEN_MORE_TOKENS = 15.0
"""Extra tokens per query up to which "ten more tokens" is said to hold."""


@dataclass(frozen=True)
class Claim:
    """One part of a hypothesis, whether it held, and the numbers that say so."""

    text: str
    held: bool
    evidence: str


@dataclass(frozen=True)
class FoilCheck:
    """A foil on one test, and whether its interval lies below the winner's."""

    test: str
    foil: str
    rate: Rate
    separated: bool


@dataclass(frozen=True)
class Verdict:
    """What the results say of a task; it `held` only if every claim did.

    `flips` says what would change the winner: the recommendation's flips and, where a
    tuned arm wins and its learning curve is known, having too few pairs.
    """

    task: str
    title: str
    hypothesis: str
    winner: str
    expected_winner: str
    recommendation: Recommendation
    foils: tuple[FoilCheck, ...]
    rivals_as_good: tuple[str, ...]
    flips: tuple[Flip, ...]
    claims: tuple[Claim, ...]

    @property
    def held(self) -> bool:
        """Return whether the expected arm won and every claim held."""
        return all(claim.held for claim in self.claims)

    @property
    def foils_separated(self) -> bool:
        """Return whether every foil's interval lies below the winner's."""
        return all(check.separated for check in self.foils)

    @property
    def sentence(self) -> str:
        """Return the verdict in a sentence."""
        failed = [claim for claim in self.claims if not claim.held]
        if not failed:
            return f"{self.title}: {self.winner} wins; the hypothesis held."
        listed = "; ".join(f"{claim.text} ({claim.evidence})" for claim in failed)
        return f"{self.title}: {self.winner} wins; the hypothesis did not hold: {listed}."


def judge_task(
    spec: TaskSpec,
    results: Sequence[ArmResult],
    curves: Sequence[CurvePoint] = (),
    *,
    queries: int = DEFAULT_QUERIES,
    prices: Prices | None = None,
) -> Verdict:
    """Return a task's verdict from its results on all tests and its learning curves.

    The winner is the cheapest arm among those that are on no decisive test significantly
    below the best. Rivals without a model are no candidates: what equals the
    winner is listed. Raises ValueError where an arm or a test is missing.
    """
    table = TaskTable(spec, results)
    found = recommend(
        table.candidates(), queries=queries, prices=prices, title_of=spec.title_of
    )
    return Verdict(
        task=spec.name,
        title=spec.title,
        hypothesis=spec.hypothesis,
        winner=spec.title_of(found.arm),
        expected_winner=spec.title_of(spec.expected_winner),
        recommendation=found,
        foils=_check_foils(spec, table, found.arm),
        rivals_as_good=_find_equal_rivals(spec, table, found.arm),
        flips=(*found.flips, *_flip_by_pairs(spec, table, found.arm, curves)),
        claims=_check_claims(spec, table, found, curves),
    )


def is_prompt(arm: str) -> bool:
    """Return whether an arm asks the base model: bare, or with any kind of prompt."""
    return arm_family(arm) in ("base", "prompted")


class TaskTable:
    """The results of one task, by test and arm."""

    def __init__(self, spec: TaskSpec, results: Sequence[ArmResult]) -> None:
        self.spec = spec
        own = [r for r in results if r.task == spec.name]
        self._table = {(r.test, r.arm): r for r in own}

    @property
    def all(self) -> list[ArmResult]:
        """Return every result of the task."""
        return list(self._table.values())

    def of(self, test: str, arm: str) -> ArmResult:
        """Return one result; raise ValueError where it was not measured."""
        if (test, arm) not in self._table:
            raise ValueError(
                f'The task "{self.spec.name}" has no result of "{arm}" on "{test}": '
                "measure it, or leave the task out."
            )
        return self._table[test, arm]

    def has(self, test: str, arm: str) -> bool:
        """Return whether an arm was measured on a test."""
        return (test, arm) in self._table

    def measured(self, arms: Sequence[str]) -> list[str]:
        """Return those of the arms that were measured on all decisive tests."""
        return [a for a in arms if all(self.has(t, a) for t in self.spec.decisive)]

    def candidates(self) -> list[Candidate]:
        """Return the arms with a model, as candidates over the decisive tests."""
        found = []
        for arm in self.measured(self.spec.arms):
            tests = [self.of(test, arm) for test in self.spec.decisive]
            found.append(Candidate(tests[0].costs, tuple(r.correct for r in tests)))
        if not found:
            raise ValueError(f'There are no results for the task "{self.spec.name}".')
        return found


def _check_foils(spec: TaskSpec, table: TaskTable, winner: str) -> tuple[FoilCheck, ...]:
    checks = []
    for test in spec.decisive:
        foils = [f for f in spec.foils_of(test) if f != winner and table.has(test, f)]
        rates = {foil: table.of(test, foil).rate for foil in foils}
        separated = foils_separated(table.of(test, winner).rate, rates)
        checks += [FoilCheck(test, f, rates[f], separated[f]) for f in foils]
    return tuple(checks)


def _find_equal_rivals(spec: TaskSpec, table: TaskTable, winner: str) -> tuple[str, ...]:
    """Return the rivals that are on no decisive test significantly below the winner."""
    return tuple(
        spec.title_of(rival)
        for rival in table.measured(spec.rivals)
        if all(_is_as_good(table, test, rival, winner) for test in spec.decisive)
    )


def _is_as_good(table: TaskTable, test: str, arm: str, other: str) -> bool:
    """Return whether an arm is not significantly below another (exact McNemar)."""
    one, two = table.of(test, arm).correct, table.of(test, other).correct
    return sum(one) >= sum(two) or mcnemar_exact(one, two) >= ALPHA


def _flip_by_pairs(
    spec: TaskSpec, table: TaskTable, winner: str, curves: Sequence[CurvePoint]
) -> list[Flip]:
    """Return below how many pairs a prompt does as well as the tuned winner, per test."""
    if winner not in TUNED_ARMS:
        return []
    flips = []
    for test in spec.decisive:
        found = find_crossover(spec, table.all, curves, test)
        if found is not None and found.pairs is not None:
            words = f"with fewer than about {found.pairs:.0f} pairs ({test})"
            flips.append(Flip(words, found.best_prompt))
    return flips


# ── Claims ─────────────────────────────────────────────────────────────────────────────


def _check_claims(
    spec: TaskSpec,
    table: TaskTable,
    found: Recommendation,
    curves: Sequence[CurvePoint],
) -> tuple[Claim, ...]:
    claims = [_claim_winner(spec, found)]
    if spec.name == BRIEF.name:
        claims += _claim_brief(spec, table, found)
    if spec.name == VOICE.name:
        claims += _claim_voice(table, curves)
    if spec.name == FACT.name:
        claims += _claim_fact(table)
    return tuple(claims)


def _claim_winner(spec: TaskSpec, found: Recommendation) -> Claim:
    wanted = spec.title_of(spec.expected_winner)
    row = found.comparison_of(found.arm)
    return Claim(
        f"{wanted} wins",
        found.arm == spec.expected_winner,
        f"winner: {spec.title_of(found.arm)}, {row.rate}",
    )


def _claim_brief(spec: TaskSpec, table: TaskTable, found: Recommendation) -> list[Claim]:
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
            "it takes no labels", engineered.labels == 0, f"{engineered.labels} labels"
        ),
    ]
    for arm in table.measured(TUNED_ARMS):
        result = table.of(NEW_COMBINATIONS, arm)
        claims.append(
            Claim(
                f"it is as good as {spec.title_of(arm)}",
                _is_as_good(table, NEW_COMBINATIONS, ENGINEERED, arm),
                f"{engineered.rate} against {result.rate}",
            )
        )
    return claims


def _claim_voice(table: TaskTable, curves: Sequence[CurvePoint]) -> list[Claim]:
    claims = []
    for test in (NEW_COMBINATIONS, NEW_SUBJECTS):
        few = table.of(test, FEW_SHOT)
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
        claims.append(_claim_above_prompts(table, curves, test))
    look_up, tuned = (table.of(NEW_COMBINATIONS, arm) for arm in (LOOK_UP, LORA))
    claims.append(
        Claim(
            "a look-up table equals LoRA on new combinations",
            _is_as_good(table, NEW_COMBINATIONS, LOOK_UP, LORA),
            f"{look_up.rate} against {tuned.rate}",
        )
    )
    look_up, tuned = (table.of(NEW_SUBJECTS, arm) for arm in (LOOK_UP, LORA))
    claims.append(
        Claim(
            "it fails on new subjects",
            look_up.rate.high < tuned.rate.low,
            f"{look_up.rate} against {tuned.rate}",
        )
    )
    return claims


def _claim_above_prompts(
    table: TaskTable, curves: Sequence[CurvePoint], test: str
) -> Claim:
    prompts = [table.of(test, a) for a in table.measured(table.spec.arms) if is_prompt(a)]
    best = max(prompts, key=lambda result: result.rate.rate)
    tuned = table.of(test, LORA)
    held = best.rate.high < tuned.rate.low
    evidence = f"{tuned.rate} against {best.rate} ({table.spec.title_of(best.arm)})"
    found = find_crossover(table.spec, table.all, curves, test)
    if found is not None:
        held = held and found.pairs is not None
        evidence += f"; {found.describe()}"
    return Claim(f"LoRA wins beyond some n* pairs ({test})", held, evidence)


def _claim_fact(table: TaskTable) -> list[Claim]:
    notes, tuned = table.of(TODAY, ENGINEERED), table.of(TODAY, LORA)
    claims = [
        Claim(
            "the tuned model is stale today",
            tuned.rate.high < notes.rate.low,
            f"{tuned.rate} against {notes.rate}",
        )
    ]
    if table.has(YESTERDAY, LORA):
        learned = table.of(YESTERDAY, LORA)
        claims.append(
            Claim(
                "though it did learn yesterday's words",
                learned.rate.rate >= FORM_AT_ONCE,
                f"right in {learned.rate}",
            )
        )
    return claims


@dataclass(frozen=True)
class Crossover:
    """Where tuning overtakes prompting on one test: n*, `None` if it never does.

    `bar` is the upper end of the best prompting arm's interval.
    """

    test: str
    best_prompt: str
    bar: float
    pairs: float | None

    def describe(self) -> str:
        """Return n* in words."""
        if self.pairs is None:
            return "n* is not within the pairs that there are"
        return f"n* is about {self.pairs:.0f} pairs"


def find_crossover(
    spec: TaskSpec,
    results: Sequence[ArmResult],
    curves: Sequence[CurvePoint],
    test: str,
    *,
    schedule: str = "equal steps",
) -> Crossover | None:
    """Return n* of LoRA against the best prompting arm; None without a curve to read."""
    points = select_points(curves, task=spec.name, arm=LORA, test=test, schedule=schedule)
    prompted = [
        r for r in results if (r.task, r.test) == (spec.name, test) and is_prompt(r.arm)
    ]
    if not points or not prompted:
        return None
    best = max(prompted, key=lambda r: r.rate.rate)
    bar = best.rate.high
    return Crossover(test, best.arm, bar, crossover(summarise_curve(points), bar))
