# %% changes_nothing
# It is the bare prompt: nothing that was meant is said.
my_template = "Write a poem about {subject}"

# %% forgets_the_rhyme
# Length and lines are said, the rhyme is not.
my_template = "Write a short poem about {subject} with 4 lines"

# %% forgets_the_lines
# Rhyme and length are said, the number of lines is not.
my_template = "Write a short, rhyming poem about {subject}"

# %% names_one_subject
# The subject of an example stands where the place belongs.
my_template = "Write a short, rhyming poem about spring with 4 lines"

# %% names_another_place
# The place has a name of the learner's own.
my_template = "Write a short, rhyming poem about {thing} with 4 lines"

# %% fills_the_place_itself
# It is an f-string's result: the place is gone before anybody can fill it.
subject = "the fox"
my_template = f"Write a short, rhyming poem about {subject} with 4 lines"

# %% asks_with_the_whole_request
# It repeats the request instead of naming its subject.
my_template = "{request}, short, rhyming, with 4 lines"

# %% lists_subjects_beside_the_place
# It names visible subjects as examples, so it is not one template for all.
my_template = "Write a short, rhyming poem about {subject}, the fox or so, with 4 lines"

# %% explains_at_length
# It passes the brief, for more tokens than were allowed.
my_template = (
    "You are a famous poet and this is very important to me, so please take a deep "
    "breath and write a short, rhyming poem about {subject} with 4 lines. Thank you!"
)


# %% gives_a_function
# A function that fills the template is no template.
def my_template(subject: str) -> str:
    return f"Write a short, rhyming poem about {subject} with 4 lines"


# %% equals_everything
# A text that claims to be equal to everything, and to contain everything.
class Anything(str):
    def __eq__(self, other):
        return True

    def __contains__(self, part):
        return True

    __hash__ = str.__hash__


my_template = Anything("Write a poem about {subject}")

# %% limits_the_words_instead hidden_only=true
# It asks for few words and not for four lines, which come about half the time.
my_template = "Write a rhyming poem about {subject} in under 35 words"

# %% puts_the_lines_last hidden_only=true
# Every wish is there, in a wording by which one of them is often missed.
my_template = "Write a poem about {subject} where every two lines rhyme, 4 lines"
