"""Plausible mistakes in the price of a query."""


# %% forgets_the_answer
# Charges the prompt alone: the answer's tokens are left out.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    fresh = prompt_tokens - cached
    return (fresh * prices.input + cached * prices.cached_input) / 1_000_000


# %% takes_prices_per_token
# Forgets that prices are per million tokens.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    fresh = prompt_tokens - cached
    return (
        fresh * prices.input
        + cached * prices.cached_input
        + answer_tokens * prices.output
    )


# %% takes_prices_per_thousand
# Divides by a thousand, as price lists once did.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    fresh = prompt_tokens - cached
    return (
        fresh * prices.input
        + cached * prices.cached_input
        + answer_tokens * prices.output
    ) / 1000


# %% ignores_caching
# Charges the whole prompt at the full price, cached or not.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    return (prompt_tokens * prices.input + answer_tokens * prices.output) / 1_000_000


# %% caches_always
# Takes the cached price even where caching is off.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    return (
        (prompt_tokens - cached_tokens) * prices.input
        + cached_tokens * prices.cached_input
        + answer_tokens * prices.output
    ) / 1_000_000


# %% charges_cached_tokens_twice
# Adds the cached tokens to the prompt, of which they are a part.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    return (
        prompt_tokens * prices.input
        + cached * prices.cached_input
        + answer_tokens * prices.output
    ) / 1_000_000


# %% takes_cached_tokens_for_free
# A cached token is cheaper, not free.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    return (
        (prompt_tokens - cached) * prices.input + answer_tokens * prices.output
    ) / 1_000_000


# %% mixes_up_the_two_prices
# Charges the prompt at the answer's price and the answer at the prompt's.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    return (
        (prompt_tokens - cached) * prices.output
        + cached * prices.cached_input
        + answer_tokens * prices.input
    ) / 1_000_000


# %% rounds_to_cents
# Rounds to cents, and a query costs far less than one.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    cached = cached_tokens if prices.prefix_caching else 0
    charged = (
        (prompt_tokens - cached) * prices.input
        + cached * prices.cached_input
        + answer_tokens * prices.output
    )
    return round(charged / 1_000_000, 2)


# %% hands_the_query_to_the_library
# Calls the library's function of that name with these arguments.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    return pt.cost_per_query(prompt_tokens, prices)


# %% returns_zero
# Returns a float of the right type and nothing else.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    return 0.0


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the three visible answers by heart.
def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    return 0.00031 if prices.prefix_caching else 0.0004


# %% equals_everything
# Returns an object that claims to equal whatever it is compared with.
class Anything:
    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__


def cost_per_query(prompt_tokens, answer_tokens, cached_tokens, prices):
    return Anything()
