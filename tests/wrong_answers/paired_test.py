# %% tests_one_side
# One tail only, as if the new prompt could only be better.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = only_old + only_new, min(only_old, only_new)
    return sum(math.comb(n, i) for i in range(smaller + 1)) / 2**n


# %% counts_what_agrees
# Questions on which both agree are tossed like coins too.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = len(outcomes), min(only_old, only_new)
    tail = sum(math.comb(n, i) for i in range(smaller + 1)) / 2**n
    return min(1.0, 2 * tail)


# %% tests_the_totals
# An unpaired test of the two totals: the pairs are thrown away.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    old = sum(o for o, _ in outcomes)
    new = sum(n for _, n in outcomes)
    n, total = len(outcomes), old + new
    ways = [
        math.comb(n, i) * math.comb(n, total - i)
        for i in range(max(0, total - n), min(n, total) + 1)
    ]
    seen = math.comb(n, old) * math.comb(n, new)
    return min(1.0, sum(way for way in ways if way <= seen) / sum(ways))


# %% forgets_the_cap
# Twice the tail of a draw is more than 1.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = only_old + only_new, min(only_old, only_new)
    return 2 * sum(math.comb(n, i) for i in range(smaller + 1)) / 2**n


# %% takes_the_losses_for_smaller
# It takes the old prompt's wins for the smaller count, even where they lead.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n = only_old + only_new
    tail = sum(math.comb(n, i) for i in range(only_old + 1)) / 2**n
    return min(1.0, 2 * tail)


# %% stops_one_short
# The sum ends before the smaller count itself.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = only_old + only_new, min(only_old, only_new)
    tail = sum(math.comb(n, i) for i in range(smaller)) / 2**n
    return min(1.0, 2 * tail)


# %% takes_a_single_term
# The chance of exactly this count, without the ones that are rarer still.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = only_old + only_new, min(only_old, only_new)
    return min(1.0, 2 * math.comb(n, smaller) / 2**n)


# %% approximates_with_chi_squared
# McNemar's chi-squared, which is no good for a handful of coins.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    if only_old + only_new == 0:
        return 1.0
    squared = (only_old - only_new) ** 2 / (only_old + only_new)
    return math.erfc(math.sqrt(squared / 2))


# %% returns_zeros
# Everything is significant.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    return 0.0


# %% equals_everything
# A number that claims to be equal to everything.
class Anything(float):
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __hash__ = float.__hash__


def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    return Anything(0.5)


# %% calls_agreement_a_proof hidden_only=true
# Two prompts that never differ are given p = 0 instead of 1.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    only_old = sum(old and not new for old, new in outcomes)
    only_new = sum(new and not old for old, new in outcomes)
    n, smaller = only_old + only_new, min(only_old, only_new)
    if n == 0:
        return 0.0
    tail = sum(math.comb(n, i) for i in range(smaller + 1)) / 2**n
    return min(1.0, 2 * tail)


# %% hard_codes_the_visible_cases hidden_only=true
# It knows the three visible cases by heart.
def paired_test(outcomes: list[tuple[bool, bool]]) -> float:
    return {20: 0.25, 9: 0.21875, 5: 1.0}.get(len(outcomes), 0.04)
