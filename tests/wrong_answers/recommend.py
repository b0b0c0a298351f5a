"""Plausible mistakes in the rule that recommends an arm."""


# %% takes_the_highest_accuracy
# Looks at accuracy alone: noise decides, and cost never does.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    return max(usable, key=lambda each: each.rate.rate).arm


# %% takes_the_cheapest
# Looks at cost alone: arms that are nearly always wrong win.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    return min(usable, key=lambda each: pt.total_cost(each.costs, prices, queries)).arm


# %% ignores_the_volume
# Compares the price of a single query: what is paid up front is forgotten.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    rows = compare_with_best(usable, queries=queries, prices=prices)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.query_cost).arm


# %% ignores_the_queries
# Compares what is paid up front: what every query costs is forgotten.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    rows = compare_with_best(usable, queries=0, prices=prices)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.total_cost).arm


# %% forgets_the_pairs_at_hand
# Recommends arms that need more labelled pairs than there are.
def recommend(measured, pairs, queries, prices):
    rows = compare_with_best(measured, queries=queries, prices=prices)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.total_cost).arm


# %% compares_before_leaving_out
# Compares with a best arm that can't be used, so that nothing usable is as good.
def recommend(measured, pairs, queries, prices):
    rows = compare_with_best(measured, queries=queries, prices=prices)
    needed = {each.arm: each.costs.labels for each in measured}
    usable = [row for row in rows if row.as_good and needed[row.arm] <= pairs]
    return min(usable, key=lambda row: row.total_cost).arm


# %% forgets_the_prices hidden_only=true
# Leaves the prices at their defaults: caching and surcharges are never seen.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    rows = compare_with_best(usable, queries=queries)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.total_cost).arm


# %% compares_intervals hidden_only=true
# Takes overlapping intervals for "as good", which is not the same as a test.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    best = max(usable, key=lambda each: each.rate.rate)
    good = [each for each in usable if each.rate.high >= best.rate.low]
    return min(good, key=lambda each: pt.total_cost(each.costs, prices, queries)).arm


# %% allows_a_fixed_margin hidden_only=true
# Calls what is within five points as good, however many queries were tested.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    best = max(each.rate.rate for each in usable)
    good = [each for each in usable if each.rate.rate >= best - 0.05]
    return min(good, key=lambda each: pt.total_cost(each.costs, prices, queries)).arm


# %% wants_more_pairs_than_needed
# Leaves out an arm that needs exactly as many pairs as there are.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels < pairs]
    rows = compare_with_best(usable, queries=queries, prices=prices)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.total_cost).arm


# %% always_tunes
# Says "tuned", whatever the situation.
def recommend(measured, pairs, queries, prices):
    return "tuned"


# %% always_prompts
# Says "prompt", whatever the situation.
def recommend(measured, pairs, queries, prices):
    return "prompt"


# %% returns_the_candidate
# Returns the candidate, where its name was asked for.
def recommend(measured, pairs, queries, prices):
    usable = [each for each in measured if each.costs.labels <= pairs]
    rows = compare_with_best(usable, queries=queries, prices=prices)
    good = [row for row in rows if row.as_good]
    return min(good, key=lambda row: row.total_cost)


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the four visible answers by heart.
def recommend(measured, pairs, queries, prices):
    return "prompt" if queries == 10_000 else "tuned"


# %% equals_everything
# Returns an object that claims to equal whatever it is compared with.
class Anything(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


def recommend(measured, pairs, queries, prices):
    return Anything()
