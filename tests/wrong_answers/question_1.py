# %% changes_the_question_quickly hidden_only=true
# Takes what prompt engineering is good at for what fine-tuning is good at.
question_1 = "B"

# %% saves_resources hidden_only=true
# Thinks of the shorter prompts later, not of the labels and the training before.
question_1 = "C"

# %% needs_no_data hidden_only=true
# Has it the wrong way round: without pairs there is nothing to tune on.
question_1 = "D"

# %% writes_a_small_letter
# Chooses rightly and writes it in another way than was asked for.
question_1 = "a"

# %% names_every_option
# Hopes that one of them will be found.
question_1 = ["A", "B", "C", "D"]


# %% object_equal_to_everything
# Claims to equal whatever it is compared with.
class Everything(str):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


question_1 = Everything("?")
