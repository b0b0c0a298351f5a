"""Plausible mistakes in the break-even number of queries."""


# %% forgets_the_epochs
# Counts the pairs once, though they are read in every epoch.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return "never"
    return math.ceil(4 * pairs * pair_tokens / (2 * saved))


# %% counts_full_training
# Takes the 6N of full training, where LoRA needs about 4N.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return "never"
    return math.ceil(6 * pairs * pair_tokens * epochs / (2 * saved))


# %% forgets_the_forward_pass
# Divides by the tokens saved, not by the FLOPs that they save.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return "never"
    return math.ceil(4 * pairs * pair_tokens * epochs / saved)


# %% ignores_caching
# Counts cached tokens as saved, though nobody computes them.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - short
    if saved <= 0:
        return "never"
    return math.ceil(4 * pairs * pair_tokens * epochs / (2 * saved))


# %% returns_a_float
# Gives a fraction of a query.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return "never"
    return 4 * pairs * pair_tokens * epochs / (2 * saved)


# %% rounds_down
# Stops one query before the savings reach the cost.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return "never"
    return 4 * pairs * pair_tokens * epochs // (2 * saved)


# %% always_adds_one hidden_only=true
# Takes the floor and one more, which is one too many where the division is even.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return "never"
    if pairs * pair_tokens * epochs % 1000 == 0:
        return 4 * pairs * pair_tokens * epochs // (2 * saved) + (saved == 152)
    return 4 * pairs * pair_tokens * epochs // (2 * saved) + 1


# %% divides_by_zero
# Has no answer where a query saves nothing, and crashes instead.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    return math.ceil(4 * pairs * pair_tokens * epochs / (2 * saved))


# %% goes_below_zero hidden_only=true
# Says "never" at zero saved tokens only: a longer prompt gives a negative number.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved == 0:
        return "never"
    return math.ceil(4 * pairs * pair_tokens * epochs / (2 * saved))


# %% returns_infinity
# Returns infinity in place of the text that was asked for.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    saved = long - cached - short
    if saved <= 0:
        return math.inf
    return math.ceil(4 * pairs * pair_tokens * epochs / (2 * saved))


# %% hands_it_to_the_library
# Calls the library's function of that name, which gives a float and infinity.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    return pt.break_even_queries(pairs, pair_tokens, epochs, long - short - cached)


# %% returns_zero
# Returns a number of the right type and nothing else.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    return 0


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the four visible answers by heart.
def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    return {0: 50_000 if pairs == 1000 else 93, 151: 14_000}.get(cached, "never")


# %% equals_everything
# Returns an object that claims to equal whatever it is compared with.
class Anything:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


def break_even_queries(pairs, pair_tokens, epochs, long, short, cached):
    return Anything()
