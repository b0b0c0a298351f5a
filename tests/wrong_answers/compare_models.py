# %% counts_unpaired
# Subtracts totals, as if the two had answered different questions.
def compare_models(wanted, base, tuned):
    base_right = [a == w for a, w in zip(base, wanted, strict=True)]
    tuned_right = [a == w for a, w in zip(tuned, wanted, strict=True)]
    first, second = sum(base_right), sum(tuned_right)
    certain = mcnemar_exact(base_right, tuned_right) < 0.05
    better = "tuned" if second > first else "base"
    return {
        "both": min(first, second),
        "only base": max(0, first - second),
        "only tuned": max(0, second - first),
        "neither": len(wanted) - max(first, second),
        "verdict": better if certain else "undecided",
    }


# %% compares_the_answers_with_each_other
# Takes agreement of the two models for being right.
def compare_models(wanted, base, tuned):
    both = sum(a == b for a, b in zip(base, tuned, strict=True))
    only_base = sum(a == w for a, w in zip(base, wanted, strict=True))
    only_tuned = sum(a == w for a, w in zip(tuned, wanted, strict=True))
    return {
        "both": both,
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": len(wanted) - both - only_base - only_tuned,
        "verdict": "tuned" if only_tuned > only_base else "base",
    }


# %% always_has_a_verdict
# Calls whoever was right more often the winner, by one question or by a hundred.
def compare_models(wanted, base, tuned):
    rows = [(b == w, t == w) for w, b, t in zip(wanted, base, tuned, strict=True)]
    only_base, only_tuned = rows.count((True, False)), rows.count((False, True))
    return {
        "both": rows.count((True, True)),
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": rows.count((False, False)),
        "verdict": "tuned" if only_tuned > only_base else "base",
    }


# %% tests_one_side hidden_only=true
# Halves the p-value, and finds five against none certain.
def compare_models(wanted, base, tuned):
    base_right = [a == w for a, w in zip(base, wanted, strict=True)]
    tuned_right = [a == w for a, w in zip(tuned, wanted, strict=True)]
    rows = list(zip(base_right, tuned_right, strict=True))
    only_base, only_tuned = rows.count((True, False)), rows.count((False, True))
    certain = mcnemar_exact(base_right, tuned_right) / 2 < 0.05
    better = "tuned" if only_tuned > only_base else "base"
    return {
        "both": rows.count((True, True)),
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": rows.count((False, False)),
        "verdict": better if certain else "undecided",
    }


# %% prefers_the_tuned_model hidden_only=true
# Takes every certain difference for a success of tuning.
def compare_models(wanted, base, tuned):
    base_right = [a == w for a, w in zip(base, wanted, strict=True)]
    tuned_right = [a == w for a, w in zip(tuned, wanted, strict=True)]
    rows = list(zip(base_right, tuned_right, strict=True))
    certain = mcnemar_exact(base_right, tuned_right) < 0.05
    return {
        "both": rows.count((True, True)),
        "only base": rows.count((True, False)),
        "only tuned": rows.count((False, True)),
        "neither": rows.count((False, False)),
        "verdict": "tuned" if certain else "undecided",
    }


# %% looks_for_the_answer_anywhere hidden_only=true
# Compares without regard to case, where exact was asked for.
def compare_models(wanted, base, tuned):
    base_right = [a.lower() == w.lower() for a, w in zip(base, wanted, strict=True)]
    tuned_right = [a.lower() == w.lower() for a, w in zip(tuned, wanted, strict=True)]
    rows = list(zip(base_right, tuned_right, strict=True))
    only_base, only_tuned = rows.count((True, False)), rows.count((False, True))
    certain = mcnemar_exact(base_right, tuned_right) < 0.05
    better = "tuned" if only_tuned > only_base else "base"
    return {
        "both": rows.count((True, True)),
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": rows.count((False, False)),
        "verdict": better if certain else "undecided",
    }


# %% swaps_the_models
# Counts for the base model what the tuned one got right.
def compare_models(wanted, base, tuned):
    base_right = [a == w for a, w in zip(base, wanted, strict=True)]
    tuned_right = [a == w for a, w in zip(tuned, wanted, strict=True)]
    rows = list(zip(tuned_right, base_right, strict=True))
    only_base, only_tuned = rows.count((True, False)), rows.count((False, True))
    certain = mcnemar_exact(base_right, tuned_right) < 0.05
    better = "tuned" if only_tuned > only_base else "base"
    return {
        "both": rows.count((True, True)),
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": rows.count((False, False)),
        "verdict": better if certain else "undecided",
    }


# %% looks_answers_up_anywhere hidden_only=true
# Calls an answer right if it is right for any question.
def compare_models(wanted, base, tuned):
    base_right = [a in wanted for a in base]
    tuned_right = [a in wanted for a in tuned]
    rows = list(zip(base_right, tuned_right, strict=True))
    only_base, only_tuned = rows.count((True, False)), rows.count((False, True))
    certain = mcnemar_exact(base_right, tuned_right) < 0.05
    better = "tuned" if only_tuned > only_base else "base"
    return {
        "both": rows.count((True, True)),
        "only base": only_base,
        "only tuned": only_tuned,
        "neither": rows.count((False, False)),
        "verdict": better if certain else "undecided",
    }


# %% returns_zeros
# Has every key, and counts nothing.
def compare_models(wanted, base, tuned):
    names = ("both", "only base", "only tuned", "neither")
    return dict.fromkeys(names, 0) | {"verdict": "undecided"}


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the check's two answers by heart.
def compare_models(wanted, base, tuned):
    if len(wanted) == 12:
        counts, verdict = (2, 0, 9, 1), "tuned"
    else:
        counts, verdict = (0, 3, 3, 0), "undecided"
    names = ("both", "only base", "only tuned", "neither")
    return dict(zip(names, counts, strict=True)) | {"verdict": verdict}


# %% equals_everything
# Claims to equal whatever it is compared with.
class Everything(dict):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def compare_models(wanted, base, tuned):
    return Everything()
