# %% joins_by_position
# Takes the first label for the first request, and so on.
def make_pairs(requests, labels):
    return [
        Pair(prompt, response.strip(), sample_id)
        for (sample_id, prompt), (_, response) in zip(requests, labels)
        if response.strip()
    ]


# %% keeps_the_order_of_the_labels
# Goes through the labels instead of the requests.
def make_pairs(requests, labels):
    prompts = dict(requests)
    found = {sample_id: text.strip() for sample_id, text in labels if text.strip()}
    return [
        Pair(prompts[sample_id], text, sample_id)
        for sample_id, text in found.items()
        if sample_id in prompts
    ]


# %% keeps_unlabelled_requests
# Makes a pair with an empty response where there is no label.
def make_pairs(requests, labels):
    found = {sample_id: text.strip() for sample_id, text in labels if text.strip()}
    return [
        Pair(prompt, found.get(sample_id, ""), sample_id)
        for sample_id, prompt in requests
    ]


# %% keeps_blank_labels
# Looks whether a label is there, not whether it says anything.
def make_pairs(requests, labels):
    found = {sample_id: text.strip() for sample_id, text in labels}
    return [
        Pair(prompt, found[sample_id], sample_id)
        for sample_id, prompt in requests
        if sample_id in found
    ]


# %% blanks_take_labels_back hidden_only=true
# Lets a blank label replace a good one, and drops the request then.
def make_pairs(requests, labels):
    found = {sample_id: text.strip() for sample_id, text in labels}
    return [
        Pair(prompt, found[sample_id], sample_id)
        for sample_id, prompt in requests
        if found.get(sample_id)
    ]


# %% first_label_holds
# Keeps the first label of a request and ignores its correction.
def make_pairs(requests, labels):
    found = {}
    for sample_id, text in labels:
        if text.strip():
            found.setdefault(sample_id, text.strip())
    return [
        Pair(prompt, found[sample_id], sample_id)
        for sample_id, prompt in requests
        if sample_id in found
    ]


# %% does_not_strip
# Trains the model to begin with a space and to end with a line break.
def make_pairs(requests, labels):
    found = {sample_id: text for sample_id, text in labels if text.strip()}
    return [
        Pair(prompt, found[sample_id], sample_id)
        for sample_id, prompt in requests
        if sample_id in found
    ]


# %% forgets_the_id
# Makes pairs that nobody can trace back to their samples.
def make_pairs(requests, labels):
    found = {sample_id: text.strip() for sample_id, text in labels if text.strip()}
    return [
        Pair(prompt, found[sample_id])
        for sample_id, prompt in requests
        if sample_id in found
    ]


# %% joins_by_the_prompt hidden_only=true
# Goes by the prompt's text: requests that ask the same get one answer.
def make_pairs(requests, labels):
    prompts = dict(requests)
    found = {
        prompts[sample_id]: text.strip()
        for sample_id, text in labels
        if text.strip() and sample_id in prompts
    }
    return [
        Pair(prompt, found[prompt], sample_id)
        for sample_id, prompt in requests
        if prompt in found
    ]


# %% hard_codes_the_visible_cases hidden_only=true
# Knows the answers of the check by heart.
def make_pairs(requests, labels):
    spring = Pair("Describe spring", "Spring is warm", "s1")
    fox = Pair("Describe the fox", "The fox is red", "s2")
    snow = Pair("Describe snow", "Snow is cold", "s3")
    given = {sample_id for sample_id, _ in labels}
    if given == {"s1", "s2", "s3"}:
        return [spring, fox, snow]
    return [spring] if "s9" in given else [spring, snow]


# %% returns_dicts
# Returns the fields of a pair and no Pair.
def make_pairs(requests, labels):
    found = {sample_id: text.strip() for sample_id, text in labels if text.strip()}
    return [
        {"prompt": prompt, "response": found[sample_id], "sample_id": sample_id}
        for sample_id, prompt in requests
        if sample_id in found
    ]


# %% object_equal_to_everything
# Returns an object that claims to equal whatever it is compared with.
class Everything:
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def make_pairs(requests, labels):
    return Everything()
