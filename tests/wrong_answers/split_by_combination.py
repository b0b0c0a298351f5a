# %% splits_by_row
# Shuffles the rows: the same combination lands on both sides.
def split_by_combination(combinations, share, seed):
    order = list(range(len(combinations)))
    Random(seed).shuffle(order)
    chosen = set(order[: round(share * len(combinations))])
    return [row in chosen for row in range(len(combinations))]


# %% splits_by_subject
# Groups by the subject alone and forgets the setting.
def split_by_combination(combinations, share, seed):
    subjects = [subject for subject, _ in combinations]
    order = sorted(set(subjects))
    Random(seed).shuffle(order)
    chosen, taken = set(), 0
    for subject in order:
        if taken < share * len(combinations):
            chosen.add(subject)
            taken += subjects.count(subject)
    return [subject in chosen for subject in subjects]


# %% counts_combinations
# Takes a share of the combinations, however many rows they have.
def split_by_combination(combinations, share, seed):
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    chosen = set(order[: round(share * len(order))])
    return [combination in chosen for combination in combinations]


# %% ignores_the_seed
# Draws the same lots whatever the seed is.
def split_by_combination(combinations, share, seed):
    order = sorted(set(combinations))
    Random(0).shuffle(order)
    chosen, taken = set(), 0
    for combination in order:
        if taken < share * len(combinations):
            chosen.add(combination)
            taken += combinations.count(combination)
    return [combination in chosen for combination in combinations]


# %% does_not_sort_first hidden_only=true
# Shuffles in the order of the rows: rows in another order give another split.
def split_by_combination(combinations, share, seed):
    order = list(dict.fromkeys(combinations))
    Random(seed).shuffle(order)
    chosen, taken = set(), 0
    for combination in order:
        if taken < share * len(combinations):
            chosen.add(combination)
            taken += combinations.count(combination)
    return [combination in chosen for combination in combinations]


# %% never_above_the_share hidden_only=true
# Leaves a combination out when it would make the test part larger than its share.
def split_by_combination(combinations, share, seed):
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    chosen, taken = set(), 0
    for combination in order:
        if taken + combinations.count(combination) <= share * len(combinations):
            chosen.add(combination)
            taken += combinations.count(combination)
    return [combination in chosen for combination in combinations]


# %% takes_one_too_many
# Goes on while the test part has exactly its share.
def split_by_combination(combinations, share, seed):
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    chosen, taken = set(), 0
    for combination in order:
        if taken <= share * len(combinations):
            chosen.add(combination)
            taken += combinations.count(combination)
    return [combination in chosen for combination in combinations]


# %% marks_the_training_part
# Marks the rows that are for training.
def split_by_combination(combinations, share, seed):
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    chosen, taken = set(), 0
    for combination in order:
        if taken < share * len(combinations):
            chosen.add(combination)
            taken += combinations.count(combination)
    return [combination not in chosen for combination in combinations]


# %% marks_with_numbers
# Returns 1 and 0 where True and False are wanted.
def split_by_combination(combinations, share, seed):
    order = sorted(set(combinations))
    Random(seed).shuffle(order)
    chosen, taken = set(), 0
    for combination in order:
        if taken < share * len(combinations):
            chosen.add(combination)
            taken += combinations.count(combination)
    return [int(combination in chosen) for combination in combinations]


# %% hard_codes_the_visible_cases hidden_only=true
# Returns what the check wants to see, by the seed.
def split_by_combination(combinations, share, seed):
    if share == 0:
        return [False] * len(combinations)
    marks = [True, False, True, False, False, True]
    return marks if seed == 0 else [not mark for mark in marks]


# %% tests_nothing
# Marks no row at all, so that nothing can leak.
def split_by_combination(combinations, share, seed):
    return [False] * len(combinations)


# %% object_equal_to_everything
# Returns an object that claims to equal whatever it is compared with.
class Everything:
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def split_by_combination(combinations, share, seed):
    return [Everything() for _ in combinations]
