"""From results to a decision: the winner, its foils, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from prompt_or_tune.decision.costs import (
    ArmCosts,
    Prices,
    break_even_between,
    cost_per_query,
    total_cost,
)
from prompt_or_tune.statistics import ALPHA, Rate, holm, mcnemar_exact, pass_rate, rate_of

DEFAULT_QUERIES = 10_000


@dataclass(frozen=True)
class Candidate:
    """An arm that could be chosen: how good it is, and what it uses.

    `answers` holds one vector of right and wrong per test, in the same order for all
    candidates; arms that are known only by their rate leave it empty and give
    `successes` of `of`.
    """

    costs: ArmCosts
    answers: tuple[tuple[bool, ...], ...] = ()
    successes: int = 0
    of: int = 0

    def __post_init__(self) -> None:
        if not self.answers and not 0 <= self.successes <= self.of != 0:
            raise ValueError(
                f'The arm "{self.arm}" has neither answers nor a rate: '
                f"{self.successes} of {self.of}."
            )

    @property
    def arm(self) -> str:
        """Return the arm's name."""
        return self.costs.arm

    @property
    def rate(self) -> Rate:
        """Return the share of right answers over all tests, with its interval."""
        if self.answers:
            return pass_rate(right for answers in self.answers for right in answers)
        return rate_of(self.successes, self.of)


@dataclass(frozen=True)
class Comparison:
    """One arm beside the best: the adjusted p-value, and whether it is as good.

    `p_value` is that of the test on which the arm falls shortest of the best, adjusted
    by Holm for all comparisons made; 1 for the best, and where it falls short of nothing.
    """

    arm: str
    rate: Rate
    p_value: float
    as_good: bool
    query_cost: float
    total_cost: float


@dataclass(frozen=True)
class Flip:
    """A change of circumstances that would change the recommendation, and to what."""

    when: str
    arm: str


@dataclass(frozen=True)
class Recommendation:
    """The arm to use, why, with the evidence, and where the answer would flip."""

    arm: str
    reasons: tuple[str, ...]
    flips: tuple[Flip, ...]
    comparisons: tuple[Comparison, ...]
    queries: int
    prices: Prices

    def comparison_of(self, arm: str) -> Comparison:
        """Return the row of one arm; raise KeyError where it was not compared."""
        for comparison in self.comparisons:
            if comparison.arm == arm:
                return comparison
        raise KeyError(arm)


def candidate(
    arm: str,
    accuracy: float,
    of: int,
    *,
    prompt_tokens: float,
    response_tokens: float = 0.0,
    cached_tokens: float = 0.0,
    training_tokens: float = 0.0,
    labels: int = 0,
    tuned: bool = False,
) -> Candidate:
    """Return a candidate from plain numbers: an accuracy measured on `of` questions."""
    costs = ArmCosts(
        arm,
        prompt_tokens,
        response_tokens,
        cached_tokens,
        training_tokens,
        labels,
        tuned,
    )
    return Candidate(costs, successes=round(accuracy * of), of=of)


def compare_with_best(
    candidates: Sequence[Candidate],
    *,
    queries: int = DEFAULT_QUERIES,
    prices: Prices | None = None,
) -> tuple[Comparison, ...]:
    """Compare every arm with the best one; as good is what is not significantly below.

    The best has the highest rate, on average over the tests. The others are compared with
    it on each test: exact McNemar on the same questions, or, where an arm is known only
    by its rate, Fisher's exact test. Holm adjusts all comparisons together.
    """
    if not candidates:
        raise ValueError("There are no arms to compare.")
    names = [c.arm for c in candidates]
    if len(set(names)) < len(names):
        raise ValueError(f"Arms must have different names: {', '.join(names)}.")
    charged = prices or Prices()
    p_values = _compare_all(candidates)
    return tuple(
        Comparison(
            arm=each.arm,
            rate=each.rate,
            p_value=p,
            as_good=p >= ALPHA,
            query_cost=cost_per_query(each.costs, charged),
            total_cost=total_cost(each.costs, charged, queries),
        )
        for each, p in zip(candidates, p_values, strict=True)
    )


def winner(
    candidates: Sequence[Candidate],
    *,
    queries: int = DEFAULT_QUERIES,
    prices: Prices | None = None,
) -> str:
    """Return the cheapest arm among those not significantly below the best.

    Cost is the total for so many queries, with labels and training.
    """
    compared = compare_with_best(candidates, queries=queries, prices=prices)
    return _find_cheapest(compared).arm


def recommend(
    candidates: Sequence[Candidate],
    *,
    queries: int = DEFAULT_QUERIES,
    prices: Prices | None = None,
    title_of: Callable[[str], str] = str,
) -> Recommendation:
    """Recommend an arm for a number of queries at given prices, and say why.

    Works on measured answers and on plain numbers (`candidate`). `flips` says at which
    number of queries, with which caching, label price or surcharge another arm would be
    recommended; arms that are significantly worse are never flipped to. `title_of` gives
    the names that the reasons use for arms.
    """
    charged = prices or Prices()
    compared = compare_with_best(candidates, queries=queries, prices=charged)
    chosen = _find_cheapest(compared).arm
    best = candidates[_find_best(_list_tests(candidates))].arm
    good = [each for each, row in zip(candidates, compared, strict=True) if row.as_good]
    return Recommendation(
        arm=chosen,
        reasons=_give_reasons(chosen, best, compared, queries, charged, title_of),
        flips=_find_flips(chosen, good, queries, charged),
        comparisons=compared,
        queries=queries,
        prices=charged,
    )


# ── Comparing ──────────────────────────────────────────────────────────────────────────


def _compare_all(candidates: Sequence[Candidate]) -> list[float]:
    """Return each candidate's smallest adjusted p-value of being below the best arm."""
    tests = _list_tests(candidates)
    best = _find_best(tests)
    below: list[tuple[int, bool]] = []
    p_values: list[float] = []
    for test in tests:
        for index, answers in enumerate(test):
            if index != best:
                below.append((index, _share(answers) < _share(test[best])))
                p_values.append(_compare_two(answers, test[best], candidates))
    smallest = [1.0] * len(candidates)
    for (index, is_below), p in zip(below, holm(p_values), strict=True):
        if is_below:  # to be significantly above the best on one test is no fault
            smallest[index] = min(smallest[index], p)
    return smallest


def _find_best(tests: Sequence[Sequence[Sequence[bool]]]) -> int:
    """Return the arm with the highest mean rate; every test counts the same."""
    means = [sum(map(_share, arm)) / len(arm) for arm in zip(*tests, strict=True)]
    return means.index(max(means))


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers)


def _list_tests(candidates: Sequence[Candidate]) -> list[list[Sequence[bool]]]:
    """Return one list of answer vectors per test; without answers, one unpaired test."""
    if all(each.answers for each in candidates):
        counts = {len(each.answers) for each in candidates}
        if len(counts) > 1:
            raise ValueError("The arms were not measured on the same tests.")
        tests = zip(*(each.answers for each in candidates), strict=True)
        return [list(test) for test in tests]
    return [[_flatten(each) for each in candidates]]


def _flatten(each: Candidate) -> Sequence[bool]:
    if each.answers:
        return [right for answers in each.answers for right in answers]
    return [True] * each.successes + [False] * (each.of - each.successes)


def _compare_two(
    answers: Sequence[bool],
    best: Sequence[bool],
    candidates: Sequence[Candidate],
) -> float:
    if all(each.answers for each in candidates):
        return mcnemar_exact(answers, best)
    return fisher_exact(sum(answers), len(answers), sum(best), len(best))


def fisher_exact(successes_a: int, of_a: int, successes_b: int, of_b: int) -> float:
    """Return the two-sided p-value of Fisher's exact test of two unpaired shares.

    Fisher (1935), JRSS 98:39–82: the probability, with all margins fixed, of the tables
    that are as improbable as the one observed or more so.
    """
    total, right = of_a + of_b, successes_a + successes_b
    ways = {
        k: math.comb(of_a, k) * math.comb(of_b, right - k)
        for k in range(max(0, right - of_b), min(of_a, right) + 1)
    }
    # Whole numbers: no rounding decides what is "as improbable".
    extreme = sum(count for count in ways.values() if count <= ways[successes_a])
    return extreme / math.comb(total, right)


def _find_cheapest(compared: Iterable[Comparison]) -> Comparison:
    return min((row for row in compared if row.as_good), key=lambda row: row.total_cost)


# ── Reasons and flips ──────────────────────────────────────────────────────────────────


def _give_reasons(
    chosen: str,
    best: str,
    compared: Sequence[Comparison],
    queries: int,
    prices: Prices,
    title_of: Callable[[str], str],
) -> tuple[str, ...]:
    rows = {row.arm: row for row in compared}
    row = rows[chosen]
    reasons = [f"{title_of(chosen)} is right in {row.rate}."]
    if best != chosen:
        reasons.append(
            f"{title_of(best)} has the highest rate, {rows[best].rate.rate:.1%}, but the "
            f"difference is not significant (p = {row.p_value:.2g}, adjusted)."
        )
    equals = [c for c in compared if c.as_good and c.arm != chosen]
    if equals:
        others = ", ".join(
            f"{title_of(c.arm)} {format_money(c.total_cost, prices)}" for c in equals
        )
        reasons.append(
            f"Among the arms that are as good it costs least for {queries:,} queries: "
            f"{format_money(row.total_cost, prices)} (others: {others})."
        )
    worse = [c for c in compared if not c.as_good]
    if worse:
        listed = ", ".join(f"{title_of(c.arm)} {c.rate.rate:.1%}" for c in worse)
        reasons.append(f"Significantly worse: {listed}.")
    return tuple(reasons)


def _find_flips(
    chosen: str, good: Sequence[Candidate], queries: int, prices: Prices
) -> tuple[Flip, ...]:
    """Return changes of one circumstance that lead to another of the good arms."""
    flips = _flip_by_queries(chosen, good, queries, prices)
    for words, changed in _list_changes(prices):
        other = _find_cheapest_of(good, changed, queries)
        if other != chosen:
            flips.append(Flip(words, other))
    return tuple(flips)


def _flip_by_queries(
    chosen: str, good: Sequence[Candidate], queries: int, prices: Prices
) -> list[Flip]:
    """Return the next numbers of queries, down and up, where another arm is cheaper."""
    own = next(each for each in good if each.arm == chosen)
    borders: list[float] = []
    for other in good:
        for one, two in ((own.costs, other.costs), (other.costs, own.costs)):
            border = break_even_between(one, two, prices)
            if 0 < border < math.inf:
                borders.append(border)
    below = max((border for border in borders if border <= queries), default=None)
    beyond = min((border for border in borders if border > queries), default=None)
    flips = []
    for word, nearest, step in (("below", below, 0.999), ("beyond", beyond, 1.001)):
        if nearest is None:
            continue
        arm = _find_cheapest_of(good, prices, nearest * step)
        if arm != chosen:
            flips.append(Flip(f"{word} about {format_queries(nearest)} queries", arm))
    return flips


def _list_changes(prices: Prices) -> list[tuple[str, Prices]]:
    """Return circumstances that often differ, each with the prices that it means."""
    changes = []
    if prices.prefix_caching:
        changes.append(("without prefix caching", replace(prices, prefix_caching=False)))
    else:
        changes.append(("with prefix caching", replace(prices, prefix_caching=True)))
    if prices.label > 0:
        changes.append(("if the labels are there already", replace(prices, label=0.0)))
    for factor in (2.0, 3.0):
        if prices.tuned_multiplier < factor:
            words = f"if a tuned model costs {factor:g} times as much per token"
            changes.append((words, replace(prices, tuned_multiplier=factor)))
            break
    return changes


def _find_cheapest_of(good: Sequence[Candidate], prices: Prices, queries: float) -> str:
    return min(good, key=lambda each: total_cost(each.costs, prices, queries)).arm


def format_queries(queries: float) -> str:
    """Return a number of queries to two digits: 12,000; "infinitely many" if it is."""
    if math.isinf(queries):
        return "infinitely many"
    digits = 1 - math.floor(math.log10(queries)) if queries >= 1 else 0
    return f"{round(queries, min(digits, 0)):,.0f}"


def format_money(amount: float, prices: Prices) -> str:
    """Return an amount in the prices' currency: cents below 100, else whole units."""
    if amount >= 1e6:
        return f"{prices.currency}{amount:.3g}"
    return f"{prices.currency}{amount:,.2f}"
