# %% sees_copies_only
# Compares to the letter and misses every disguise.
def find_leaks(train, test, near):
    return ["exact" if text in train else "none" for text in test]


# %% ignores_case_and_spaces_only
# Forgets the punctuation when texts are compared.
def find_leaks(train, test, near):
    def fold(text):
        return " ".join(text.lower().split())

    kinds = []
    for text in test:
        words = set(fold(text).split())
        shares = [
            len(words & set(fold(t).split())) / len(words | set(fold(t).split()))
            for t in train
        ]
        if text in train:
            kinds.append("exact")
        elif fold(text) in map(fold, train):
            kinds.append("normalised")
        else:
            kinds.append("near" if max(shares, default=0) >= near else "none")
    return kinds


# %% keeps_near_copies
# Stops after the normalised texts: one word more is enough to slip through.
def find_leaks(train, test, near):
    normalised = {normalise(text) for text in train}
    return [
        "exact" if t in train else "normalised" if normalise(t) in normalised else "none"
        for t in test
    ]


# %% wants_more_than_near
# Takes the threshold itself for not near enough.
def find_leaks(train, test, near):
    kinds = []
    for text in test:
        words = set(normalise(text).split())
        others = [set(normalise(t).split()) for t in train]
        shares = [len(words & other) / len(words | other) for other in others]
        if text in train:
            kinds.append("exact")
        elif normalise(text) in map(normalise, train):
            kinds.append("normalised")
        else:
            kinds.append("near" if max(shares, default=0) > near else "none")
    return kinds


# %% divides_by_the_test_prompt
# Asks which share of the test prompt's own words is known, however long the other is.
def find_leaks(train, test, near):
    kinds = []
    for text in test:
        words = set(normalise(text).split())
        others = [set(normalise(t).split()) for t in train]
        shares = [len(words & other) / len(words) for other in others]
        if text in train:
            kinds.append("exact")
        elif normalise(text) in map(normalise, train):
            kinds.append("normalised")
        else:
            kinds.append("near" if max(shares, default=0) >= near else "none")
    return kinds


# %% compares_with_the_first
# Looks at one training prompt and takes it for all.
def find_leaks(train, test, near):
    kinds = []
    for text in test:
        words = set(normalise(text).split())
        other = set(normalise(train[0]).split()) if train else set()
        share = len(words & other) / len(words | other)
        if text == "".join(train[:1]):
            kinds.append("exact")
        elif normalise(text) == normalise("".join(train[:1])):
            kinds.append("normalised")
        else:
            kinds.append("near" if share >= near else "none")
    return kinds


# %% compares_row_by_row
# Compares each test prompt with the training prompt of the same row.
def find_leaks(train, test, near):
    kinds = []
    for text, other in zip(test, train):
        a, b = set(normalise(text).split()), set(normalise(other).split())
        if text == other:
            kinds.append("exact")
        elif normalise(text) == normalise(other):
            kinds.append("normalised")
        else:
            kinds.append("near" if len(a & b) >= near * len(a | b) else "none")
    return kinds


# %% counts_words_twice hidden_only=true
# Compares lists of words instead of sets of them.
def find_leaks(train, test, near):
    def share(one, other):
        a, b = Counter(normalise(one).split()), Counter(normalise(other).split())
        return (a & b).total() / (a | b).total()

    kinds = []
    for text in test:
        best = max((share(text, other) for other in train), default=0)
        if text in train:
            kinds.append("exact")
        elif normalise(text) in map(normalise, train):
            kinds.append("normalised")
        else:
            kinds.append("near" if best >= near else "none")
    return kinds


# %% ignores_the_threshold hidden_only=true
# Uses the usual threshold whatever it is given.
def find_leaks(train, test, near):
    kinds = []
    for text in test:
        words = set(normalise(text).split())
        others = [set(normalise(t).split()) for t in train]
        shares = [len(words & other) / len(words | other) for other in others]
        if text in train:
            kinds.append("exact")
        elif normalise(text) in map(normalise, train):
            kinds.append("normalised")
        else:
            kinds.append("near" if max(shares, default=0) >= 0.8 else "none")
    return kinds


# %% calls_everything_near
# Raises the alarm for whatever is no copy.
def find_leaks(train, test, near):
    normalised = {normalise(text) for text in train}
    return [
        "exact" if t in train else "normalised" if normalise(t) in normalised else "near"
        for t in test
    ]


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the answers of the check by the first training prompt.
def find_leaks(train, test, near):
    answers = {
        "Describe the fox": ["none", "exact", "normalised"],
        "Write me a poem about the owl": ["near", "none", "none"],
        "a b c d": ["near", "none", "near"],
    }
    return answers.get(train[0] if train else "", ["none"] * len(test))


# %% object_equal_to_everything
# Returns an object that claims to equal whatever it is compared with.
class Everything:
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def find_leaks(train, test, near):
    return Everything()
