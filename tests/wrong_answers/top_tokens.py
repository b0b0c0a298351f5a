# %% returns_logits
# Takes the scores for probabilities.
def top_tokens(logits, tokens, k):
    best = logits.topk(min(k, len(tokens)))
    chosen = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokens[index], value) for index, value in chosen]


# %% softmax_over_the_top_only
# Lets every list sum to 1, whatever else the model thought possible.
def top_tokens(logits, tokens, k):
    best = logits.topk(min(k, len(tokens)))
    shares = best.values.softmax(-1).tolist()
    chosen = zip(best.indices.tolist(), shares, strict=True)
    return [(tokens[index], share) for index, share in chosen]


# %% ascending_order
# Puts the likeliest token last.
def top_tokens(logits, tokens, k):
    best = logits.softmax(-1).topk(min(k, len(tokens)))
    chosen = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokens[index], value) for index, value in chosen][::-1]


# %% takes_the_least_likely
# Sorts upwards and takes the first k.
def top_tokens(logits, tokens, k):
    shares = logits.softmax(-1).tolist()
    return sorted(zip(tokens, shares, strict=True), key=lambda pair: pair[1])[:k]


# %% takes_the_first_k
# Takes tokens by their number, not by their probability.
def top_tokens(logits, tokens, k):
    return list(zip(tokens, logits.softmax(-1).tolist(), strict=True))[:k]


# %% forgets_the_exponential
# Divides logits by their sum.
def top_tokens(logits, tokens, k):
    best = (logits / logits.sum()).topk(min(k, len(tokens)))
    chosen = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokens[index], value) for index, value in chosen]


# %% demands_k_tokens
# Asks for more tokens than there may be.
def top_tokens(logits, tokens, k):
    best = logits.softmax(-1).topk(k)
    chosen = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokens[index], value) for index, value in chosen]


# %% divides_by_a_sum_that_underflows hidden_only=true
# Gives no probability to logits that are all far below zero: it adds a small number.
def top_tokens(logits, tokens, k):
    odds = logits.exp()
    best = (odds / (odds.sum() + 1e-6)).topk(min(k, len(tokens)))
    chosen = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [(tokens[index], value) for index, value in chosen]


# %% returns_tensors
# Leaves the probabilities as tensors.
def top_tokens(logits, tokens, k):
    best = logits.softmax(-1).topk(min(k, len(tokens)))
    chosen = zip(best.indices.tolist(), best.values, strict=True)
    return [(tokens[index], value) for index, value in chosen]


# %% returns_zeros
# Names the right tokens, and gives them nothing.
def top_tokens(logits, tokens, k):
    best = logits.topk(min(k, len(tokens)))
    return [(tokens[index], 0.0) for index in best.indices.tolist()]


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the check's two answers by heart.
def top_tokens(logits, tokens, k):
    if len(tokens) == 2:
        return [("a", 0.8), ("b", 0.2)]
    return [("cold", 0.6), ("grey", 0.2)]


# %% equals_everything
# Claims to equal whatever it is compared with.
class Everything(list):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def top_tokens(logits, tokens, k):
    return Everything()
