# %% shows_the_own_answer
# The request's own pair stands among the examples, answer and all.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in pairs[:k]]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% cuts_before_leaving_out
# It takes k pairs first and then leaves its own out: an example is missing.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    examples = [p for p in pairs[:k] if p.prompt != request]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% forgets_the_open_answer
# The prompt ends in the request, so nothing tells the model to answer.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    examples = [p for p in pairs if p.prompt != request][:k]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}"])


# %% ends_in_a_space
# A space follows the open answer: another token than the one in the examples.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    examples = [p for p in pairs if p.prompt != request][:k]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer: "])


# %% reverses_the_order
# The examples stand in the wrong order.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    examples = [p for p in pairs if p.prompt != request][:k][::-1]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% takes_the_last_pairs
# The last k pairs are taken instead of the first.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    others = [p for p in pairs if p.prompt != request]
    examples = others[len(others) - k :]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% runs_the_blocks_together
# One line break between blocks, where the form has a blank line.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    examples = [p for p in pairs if p.prompt != request][:k]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% swaps_prompt_and_answer
# Prompt and response have changed places in the examples.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    examples = [p for p in pairs if p.prompt != request][:k]
    blocks = [f"Request: {p.response}\nAnswer: {p.prompt}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% returns_the_blocks
# It gives back the list of blocks and never joins them.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> list[str]:
    examples = [p for p in pairs if p.prompt != request][:k]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return [*blocks, f"Request: {request}\nAnswer:"]


# %% equals_everything
# A text that claims to be equal to everything.
class Anything(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    return Anything("Answer:")


# %% leaves_out_too_much hidden_only=true
# It leaves out every pair whose words include those of the request, not only its own.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    words = set(request.split())
    examples = [p for p in pairs if not words <= set(p.prompt.split())][:k]
    blocks = [f"Request: {p.prompt}\nAnswer: {p.response}" for p in examples]
    return "\n\n".join([*blocks, f"Request: {request}\nAnswer:"])


# %% hard_codes_the_visible_cases hidden_only=true
# It knows the three visible cases by heart.
def few_shot_prompt(request: str, pairs: list[Pair], k: int) -> str:
    if k == 0:
        return "Request: Describe the moth\nAnswer:"
    owl = "Request: Describe the owl\nAnswer: The owl is silver and plain\n\n"
    rain = "Request: Describe rain at noon\nAnswer: Rain is grey and still\n\n"
    pike = "Request: Describe the pike\nAnswer: The pike is cool and plain\n\n"
    if request == "Describe the moth":
        return owl + rain + "Request: Describe the moth\nAnswer:"
    return rain + pike + "Request: Describe the owl\nAnswer:"
