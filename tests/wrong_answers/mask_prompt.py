# %% masks_the_end_of_turn
# Leaves the end out of what is learned: the model never stops.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    return {
        "input_ids": [*prompt, *response, end, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [-100] * len(prompt) + response + [-100] * (gap + 1),
    }


# %% hides_padding_by_its_id
# Masks every token that looks like padding, so also the end when the two are one.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    ids = [*prompt, *response, end, *[pad] * gap]
    labels = [-100] * len(prompt) + ids[len(prompt) :]
    return {
        "input_ids": ids,
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [-100 if token == pad else token for token in labels],
    }


# %% masks_nothing
# Also learns the prompt: the model is trained to ask.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [*prompt, *answer, *[-100] * gap],
    }


# %% learns_the_padding
# Uses the padding's id as its label: the model is trained to pad.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [-100] * len(prompt) + answer + [pad] * gap,
    }


# %% hides_with_the_padding
# Writes the padding's id where the value that the loss skips belongs.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [pad] * len(prompt) + answer + [pad] * gap,
    }


# %% off_by_one
# Learns the last token of the prompt as well.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [-100] * (len(prompt) - 1) + prompt[-1:] + answer + [-100] * gap,
    }


# %% shifts_the_labels
# Shifts the labels by one, which the model does again.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [-100] * (len(prompt) - 1) + answer + [-100] * (gap + 1),
    }


# %% pads_left
# Pads as for generation.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    return {
        "input_ids": [*[pad] * gap, *prompt, *answer],
        "attention_mask": [0] * gap + [1] * (length - gap),
        "labels": [-100] * (gap + len(prompt)) + answer,
    }


# %% attends_by_the_id
# Tells padding from tokens by the id in the attention mask.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    ids = [*prompt, *answer, *[pad] * gap]
    return {
        "input_ids": ids,
        "attention_mask": [int(token != pad) for token in ids],
        "labels": [-100] * len(prompt) + answer + [-100] * gap,
    }


# %% masks_what_the_prompt_contains hidden_only=true
# Hides every token that occurs in the prompt, wherever it stands.
def mask_prompt(prompt, response, end, pad, length):
    gap = length - len(prompt) - len(response) - 1
    answer = [*response, end]
    learned = [-100 if token in prompt else token for token in answer]
    return {
        "input_ids": [*prompt, *answer, *[pad] * gap],
        "attention_mask": [1] * (length - gap) + [0] * gap,
        "labels": [-100] * len(prompt) + learned + [-100] * gap,
    }


# %% hard_codes_the_visible_cases hidden_only=true
# Returns the rows of the check, by their length.
def mask_prompt(prompt, response, end, pad, length):
    rows = {
        8: ([11, 12, 13, 21, 22, 3, 0, 0], 6, 3),
        5: ([11, 21, 22, 23, 3], 5, 1),
        6: ([11, 12, 21, 3, 3, 3], 4, 2),
    }
    ids, real, asked = rows.get(length, ([0] * length, length, 0))
    return {
        "input_ids": ids,
        "attention_mask": [1] * real + [0] * (length - real),
        "labels": [-100] * asked + ids[asked:real] + [-100] * (length - real),
    }


# %% returns_zeros
# Returns lists of the right lengths with nothing in them.
def mask_prompt(prompt, response, end, pad, length):
    return dict.fromkeys(("input_ids", "attention_mask", "labels"), [0] * length)


# %% object_equal_to_everything
# Returns an object that claims to equal whatever it is compared with.
class Everything:
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


def mask_prompt(prompt, response, end, pad, length):
    names = ("input_ids", "attention_mask", "labels")
    return {name: [Everything()] * length for name in names}
