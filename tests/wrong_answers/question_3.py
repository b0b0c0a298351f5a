# %% prompts_change_weights hidden_only=true
# Takes a better answer for a changed model.
question_3 = "A"

# %% preparing_is_training hidden_only=true
# Takes the data that will be learned for the learning.
question_3 = "B"

# %% predicting_is_learning hidden_only=true
# Believes that a model learns from being asked.
question_3 = "D"

# %% counts_the_stages
# Answers with the number of the stage where a letter is asked for.
question_3 = 4


# %% object_equal_to_everything
# Claims to equal whatever it is compared with.
class Everything(str):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


question_3 = Everything("?")
