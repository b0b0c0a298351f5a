"""The many ways in which people ask: requests for poems and descriptions, in any wording.

A request is put together from parts that can be said in several ways, stand in several
orders, and be surrounded by politeness and talk. Seedling learns from this to look for
what is asked and to ignore the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from prompt_or_tune.lexicon import capitalise

from solutions.workshop.seedling.grammar import ENDINGS, OBSERVATIONS

NUMBER_WORDS = dict(
    zip(range(2, 9), "two three four five six seven eight".split(), strict=True)
)

VERB_PHRASES = (
    "Write",
    "Write me",
    "Compose",
    "Make",
    "Make me",
    "Create",
    "Give me",
    "I want",
    "I need",
    "I would like",
    "I'd love",
    "Can you write",
    "Could you write",
    "Would you make",
    "Let me have",
    "Draft",
    "Pen",
    "Please write",
    "Please compose for me",
    "Would you kindly make me",
    "May I have",
    "Try to write",
    "Think of",
    "Produce",
    "We need",
    "Let us have",
)
NOUNS = ("poem", "poem", "poem", "poem", "verse", "piece of poetry", "nature poem")
TOPICS = (
    "about {topic}",
    "about {topic}",
    "about {topic}",
    "on {topic}",
    "on the subject of {topic}",
    "concerning {topic}",
    "all about {topic}",
    "for {topic}",
    "to do with {topic}",
    "that speaks of {topic}",
    "whose topic is {topic}",
)
TOPIC_SENTENCES = (
    "The topic is {topic}.",
    "It should be about {topic}.",
    "The subject: {topic}.",
    "I am thinking of {topic}.",
    "Make it about {topic}.",
    "The theme should be {topic}.",
)
LINES_AFTER = (
    "with {n} lines",
    "with {n} lines",
    "in {n} lines",
    "of {n} lines",
    "{n} lines long",
    "that has {n} lines",
    "using {n} lines",
    "with exactly {n} lines",
    "that is {n} lines long",
    "in just {n} lines",
    "with a length of {n} lines",
    "over {n} lines",
)
LINES_SENTENCES = (
    "Use {n} lines.",
    "It should have {n} lines.",
    "{n} lines, please.",
    "Make it {n} lines long.",
    "I want {n} lines.",
    "Keep to {n} lines.",
    "Length: {n} lines.",
    "It must be {n} lines long.",
    "Stop after {n} lines.",
)
RHYME_AFTER = (
    "that rhymes",
    "that rhymes",
    "in rhyme",
    "with rhymes",
    "with rhyming lines",
    "which rhymes",
    "whose lines rhyme",
    "with a rhyme",
)
RHYME_SENTENCES = (
    "Make it rhyme.",
    "It should rhyme.",
    "The lines should rhyme.",
    "Rhyme, please.",
    "Let it rhyme.",
    "It must rhyme.",
    "Use rhymes.",
    "I like rhymes.",
    "Rhyming, please.",
)
SHORT_BEFORE = ("short", "short", "brief", "little", "small")
SHORT_SENTENCES = (
    "Keep it short.",
    "Short, please.",
    "Nothing long.",
    "It should be short.",
    "Be brief.",
    "Make it short.",
)
WORD_AFTER = (
    "that uses the word {word}",
    "with the word {word}",
    "with the word {word} in it",
    "containing the word {word}",
    "that has the word {word} in it",
    "using the word {word}",
)
WORD_SENTENCES = (
    "Use the word {word}.",
    "It must use the word {word}.",
    "Put the word {word} in it.",
    "Include the word {word}.",
)
START_AFTER = (
    "that starts with the word {word}",
    "starting with the word {word}",
    "that begins with {word}",
    "beginning with the word {word}",
    "that starts with {word}",
)
START_SENTENCES = (
    "Start with the word {word}.",
    "Begin with the word {word}.",
    "It should start with {word}.",
    "The first word must be {word}.",
)
LIMIT_AFTER = (
    "in under {n} words",
    "in fewer than {n} words",
    "in less than {n} words",
    "with under {n} words",
    "with fewer than {n} words",
    "under {n} words",
)
LIMIT_SENTENCES = (
    "Use fewer than {n} words.",
    "Stay under {n} words.",
    "It should have under {n} words.",
    "Keep it under {n} words.",
)
ROLES = "poet gardener teacher writer farmer friend artist singer sailor helper".split()
ROLE_ADJECTIVES = (
    "",
    "old ",
    "kind ",
    "great ",
    "famous ",
    "clever ",
    "gentle ",
    "wise ",
)
PEOPLE = """mother father sister brother friend teacher neighbour aunt uncle class
grandmother grandfather daughter son""".split()
THINGS = "card gift book poster song letter speech diary calendar lesson party".split()
GREETINGS = (
    "Hello.",
    "Hi there.",
    "Good morning.",
    "Dear friend,",
    "Hello there,",
    "Hey,",
)
THANKS = (
    "Thanks!",
    "Thank you.",
    "Thank you very much.",
    "Many thanks.",
    "thanks",
    "please",
    "Please.",
    "I look forward to it.",
    "That would be lovely.",
    "That would make me happy.",
    "Take your time.",
    "There is no hurry.",
)


@dataclass(frozen=True)
class PoemRequest:
    """What a request for a poem says aloud; whatever is empty goes unsaid."""

    topic: str
    lines: int = 0
    rhymes: bool = False
    short: bool = False
    uses_word: str = ""
    starts_with: str = ""
    word_limit: int = 0
    quatrain: bool = False


def _number(n: int, random: Random) -> str:
    return NUMBER_WORDS[n] if n in NUMBER_WORDS and random.random() < 0.4 else str(n)


def make_small_talk(random: Random) -> str:
    """Return a sentence that accompanies a request and asks for nothing."""
    person, thing = random.choice(PEOPLE), random.choice(THINGS)
    ending = random.choice(random.choice(list(ENDINGS.values())))
    return random.choice(
        (
            f"I am making a {thing} for my {person}.",
            f"It is for my {person}.",
            f"It is for a {thing}.",
            f"This is for a {thing} that my {person} will read.",
            f"My {person} asked me for it.",
            f"We are in a {thing} with my {person}.",
            f"My {person} will love it.",
            f"I will put it in a {thing}.",
            f"You are a {random.choice(ROLE_ADJECTIVES)}{random.choice(ROLES)}.",
            f"Imagine you are a {random.choice(ROLES)}.",
            f"Act as a {random.choice(ROLES)} who helps my {person}.",
            f"{random.choice(OBSERVATIONS)} {ending}.",
            f"I have a {thing} to finish today.",
            f"You write so well, said my {person}.",
        )
    )


def _constraints(request: PoemRequest, random: Random) -> list[tuple[str, str, str]]:
    """Return (before the noun, after it, as a sentence) for everything that is asked."""
    parts: list[tuple[str, str, str]] = []
    if request.short:
        before = random.choice(SHORT_BEFORE)
        parts.append((before, "", random.choice(SHORT_SENTENCES)))
    if request.rhymes:
        before = random.choice(("rhyming", "rhyming", "rhymed"))
        parts.append((before, random.choice(RHYME_AFTER), random.choice(RHYME_SENTENCES)))
    if request.lines and not request.quatrain:
        n = _number(request.lines, random)
        parts.append(
            (
                f"{n} line" if random.random() < 0.5 else f"{n}-line",
                random.choice(LINES_AFTER).format(n=n),
                capitalise(random.choice(LINES_SENTENCES).format(n=n)),
            )
        )
    for value, after, sentences in (
        (request.uses_word, WORD_AFTER, WORD_SENTENCES),
        (request.starts_with, START_AFTER, START_SENTENCES),
    ):
        if value:
            parts.append(
                (
                    "",
                    random.choice(after).format(word=value),
                    random.choice(sentences).format(word=value),
                )
            )
    if request.word_limit:
        n = str(request.word_limit)
        parts.append(
            (
                "",
                random.choice(LIMIT_AFTER).format(n=n),
                random.choice(LIMIT_SENTENCES).format(n=n),
            )
        )
    random.shuffle(parts)
    return parts


def _plain_frame(request: PoemRequest, random: Random) -> str:
    """Return one sentence, with further sentences for what it does not say itself."""
    before: list[str] = []
    after: list[str] = []
    sentences: list[str] = []
    as_sentences = random.choice((0.0, 0.15, 0.5))
    for adjective, modifier, sentence in _constraints(request, random):
        if random.random() < as_sentences or not (adjective or modifier):
            sentences.append(sentence)
        elif adjective and (not modifier or random.random() < 0.5):
            before.append(adjective)
        else:
            after.append(modifier)
    noun = "quatrain" if request.quatrain else random.choice(NOUNS)
    joiner = random.choice((" ", ", ", " and "))
    adjectives = joiner.join(before) if len(before) < 3 else ", ".join(before)
    first = adjectives or noun
    verb = random.choice(VERB_PHRASES)
    determiner = "an" if first[0] in "aeiou" or first[0] == "8" else "a"
    what = " ".join(filter(None, (determiner, adjectives, noun)))
    if random.random() < 0.9:
        topic = random.choice(TOPICS).format(topic=request.topic)
    else:
        topic = ""
        sentences.append(random.choice(TOPIC_SENTENCES).format(topic=request.topic))
    modifiers = random.choice((" ", " and ", ", ")).join(after)
    if after and random.random() < 0.15:
        frame = f"{capitalise(modifiers)}, {verb[0].lower()}{verb[1:]} {what} {topic}"
    elif after and random.random() < 0.3:
        frame = f"{verb} {what} {modifiers} {topic}"
    else:
        frame = " ".join(filter(None, (verb, what, topic, modifiers)))
    frame = frame.strip().replace("  ", " ").replace("I'D", "I'd")
    random.shuffle(sentences)
    if not sentences:
        return frame + random.choice(("", "", ".", "?" if verb[0] in "CWM" else "."))
    if random.random() < 0.25:
        return " ".join([*sentences, frame + "."])
    return " ".join([frame + ".", *sentences])


def _telegram(request: PoemRequest, random: Random) -> str:
    """Return the request as a few notes in any order, without a sentence."""
    notes = [request.topic, random.choice(("poem", "a poem", "poetry", "verse"))]
    if request.quatrain:
        notes[1] = random.choice(("quatrain", "a quatrain"))
    for adjective, modifier, sentence in _constraints(request, random):
        options = [text for text in (adjective, modifier, sentence.rstrip(".")) if text]
        notes.append(random.choice(options))
    random.shuffle(notes)
    return random.choice((", ", "; ", ", ", " - ", ". ", " ")).join(notes)


def _misspell(word: str, random: Random) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    place = random.randrange(1, len(word) - 1)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    dropped = word[:place] + word[place + 1 :]
    return random.choice((swapped, dropped))


def add_noise(text: str, keep: str, random: Random) -> str:
    """Return the text as hurried people type it: small letters, slips, lost words.

    The words of `keep` are left as they are.
    """
    if random.random() < 0.2:
        text = text[0].lower() + text[1:]
    if random.random() > 0.12:
        return text
    kept = set(keep.split())
    words = []
    for word in text.split(" "):
        chance = random.random()
        if word in kept or word.strip(".,;") in kept or chance > 0.15:
            words.append(word)
        elif chance > 0.06:
            words.append(_misspell(word, random))
        elif len(word) > 4:
            words.append(word)
    return " ".join(words)


def _surround(text: str, random: Random) -> str:
    """Return the text with a greeting, small talk and thanks around it, or some of it."""
    if random.random() < 0.45:
        return text
    before: list[str] = []
    after: list[str] = []
    if random.random() < 0.35:
        before.append(random.choice(GREETINGS))
    for _ in range(random.choice((0, 1, 1, 2))):
        random.choice((before, before, after)).append(make_small_talk(random))
    if random.random() < 0.4:
        after.append(random.choice(THANKS))
    if after and text[-1].isalnum():
        text += random.choice((".", ",", ""))
    return " ".join([*before, text, *after])


def word_poem_request(request: PoemRequest, random: Random) -> str:
    """Return the request in one of its many wordings."""
    telegram = random.random() < 0.08
    text = _telegram(request, random) if telegram else _plain_frame(request, random)
    keep = f"{request.topic} {request.uses_word} {request.starts_with}"
    return _surround(add_noise(text, keep, random), random)


DESCRIPTION_FRAMES = (
    "Describe {topic}",
    "Describe {topic}",
    "Describe {topic}",
    "Tell me about {topic}",
    "Write about {topic}",
    "Give a description of {topic}",
    "Say something about {topic}",
    "What can you say about {topic}",
    "How would you describe {topic}",
    "Please describe {topic}",
    "Write a description of {topic}",
)


def word_description_request(
    topic: str, random: Random, *, one_sentence: bool = False, word_limit: int = 0
) -> str:
    """Return a request for a description, with its limits if there are any."""
    frame = random.choice(DESCRIPTION_FRAMES).format(topic=topic)
    limits = []
    if one_sentence:
        limits.append(
            random.choice(
                ("in one sentence", "in a single sentence", "in one short sentence")
            )
        )
    if word_limit:
        limits.append(random.choice(LIMIT_AFTER).format(n=word_limit))
    text = " ".join([frame, *limits])
    return _surround(add_noise(text, topic, random), random)
