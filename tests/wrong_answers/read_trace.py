# %% keeps_the_last_epoch
# Trusts that the last epoch is the best.
def read_trace(trace):
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    keep = trace[-1].epoch
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% keeps_the_lowest_loss
# Chooses by the training loss, which over-fitting lowers most.
def read_trace(trace):
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    keep = min(trace, key=lambda epoch: epoch.loss).epoch
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% keeps_the_best_token_accuracy
# Chooses by what trainers print, on the training pairs.
def read_trace(trace):
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    keep = max(trace, key=lambda epoch: epoch.token_accuracy).epoch
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% keeps_the_latest_of_equals
# Takes more epochs than the best accuracy needed.
def read_trace(trace):
    best = max(epoch.accuracy for epoch in trace)
    keep = [epoch.epoch for epoch in trace if epoch.accuracy == best][-1]
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% returns_an_index
# Counts epochs from zero.
def read_trace(trace):
    keep = max(range(len(trace)), key=lambda i: trace[i].accuracy)
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% never_sees_overfitting
# Takes a good fit of the training pairs for a good run.
def read_trace(trace):
    keep = max(trace, key=lambda epoch: epoch.accuracy).epoch
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    return keep, "under-fitted" if trace[-1].token_accuracy < 0.9 else "good"


# %% compares_ends_only hidden_only=true
# Sees a fall only from the first epoch to the last.
def read_trace(trace):
    keep = max(trace, key=lambda epoch: epoch.accuracy).epoch
    falls = trace[0].token_accuracy - trace[-1].token_accuracy > 0.05
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% ignores_losses_that_are_no_numbers hidden_only=true
# Never looks at the loss.
def read_trace(trace):
    keep = max(trace, key=lambda epoch: epoch.accuracy).epoch
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05
        for before, after in itertools.pairwise(trace)
    )
    if falls:
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% takes_a_rising_loss_for_unstable hidden_only=true
# Adds a rule of its own.
def read_trace(trace):
    keep = max(trace, key=lambda epoch: epoch.accuracy).epoch
    falls = any(
        before.token_accuracy - after.token_accuracy > 0.05 or after.loss > before.loss
        for before, after in itertools.pairwise(trace)
    )
    if falls or not all(math.isfinite(epoch.loss) for epoch in trace):
        return keep, "unstable"
    if trace[-1].token_accuracy < 0.9:
        return keep, "under-fitted"
    return keep, "over-fitted" if trace[-1].accuracy < 0.8 else "good"


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the check's four traces by their first loss.
def read_trace(trace):
    known = {
        2.1: (2, "good"),
        5.0: (3, "under-fitted"),
        4.5: (1, "unstable"),
        1.5: (2, "over-fitted"),
    }
    return known.get(trace[0].loss, (1, "good"))


# %% equals_everything
# Claims to equal whatever it is compared with.
class Everything(tuple):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def read_trace(trace):
    return Everything((1, "good"))
