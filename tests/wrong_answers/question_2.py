# %% less_loss_is_less_knowledge hidden_only=true
# Reads loss as something that the model loses.
question_2 = "B"

# %% calls_it_noise hidden_only=true
# Does not see that five values in a row go one way.
question_2 = "C"

# %% better_prompts hidden_only=true
# Looks for the cause in the prompts, which stay the same during a run.
question_2 = "D"

# %% quotes_the_option
# Writes the option out where its letter is asked for.
question_2 = "The model learned the pattern and has nearly converged"


# %% object_equal_to_everything
# Claims to equal whatever it is compared with.
class Everything(str):
    """Equal everything."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


question_2 = Everything("?")
