"""Answer styles and words that only one document has, so that they must be copied."""

from __future__ import annotations

from random import Random

from prompt_or_tune.lexicon import DAILY_WORDS, RHYME_FAMILIES, capitalise

from solutions.workshop.seedling.almanac import voice_words
from solutions.workshop.seedling.words import GRAMMAR, HELD_OUT, LESSON_WORDS


def invent_word(random: Random) -> str:
    """Return a made-up word of two or three syllables ("drosk", "bilamo")."""
    syllables = random.choice((1, 2, 2, 3))
    body = "".join(
        random.choice(LESSON_WORDS.onsets) + random.choice("aeiou")
        for _ in range(syllables)
    )
    codas = LESSON_WORDS.codas if syllables == 1 else ("", "", *LESSON_WORDS.codas)
    word = body + random.choice(codas)
    return word if word not in DAILY_WORDS else invent_word(random)


def _listed_words() -> list[str]:
    """Return the words that may be private to a document.

    The words of the house voice are among them, so that they are words to the model,
    but tied to nothing; the daily words are not.
    """
    adjectives = [word for words in GRAMMAR.adjectives.values() for word in words]
    rhymes = [word.lower() for words in RHYME_FAMILIES.values() for word in words]
    openers = [opener.lower() for opener in GRAMMAR.openers]
    return sorted({*adjectives, *rhymes, *openers, *voice_words()})


LISTED_WORDS = tuple(_listed_words())


def choose_private_word(random: Random) -> str:
    """Return a listed or an invented word for a vocabulary private to one document."""
    if random.random() < 0.4:
        return invent_word(random)
    return random.choice(LISTED_WORDS)


def invent_style(random: Random) -> str:
    """Return a template for answers, with slots for the subject and two words.

    `{s}` and `{S}` stand for the subject, `{a}` and `{b}` for the words; some have one
    word only. No style is one of those held out.
    """
    slots = _order_slots(random)
    text = " ".join(_draw_words((0, 0, 1, 2), random))
    for place, slot in enumerate(slots):
        literals = _draw_words((0, 1, 1, 1, 2), random)
        joint = random.choice(LESSON_WORDS.style_joints)
        if place == 0:
            text += random.choice(LESSON_WORDS.style_starts) + slot if text else slot
        elif literals:
            text += f"{joint}{' '.join(literals)} {slot}"
        else:
            text += f"{joint if joint != ' ' else ', '}{slot}"
    text += random.choice(LESSON_WORDS.style_ends)
    if random.random() < 0.8:
        text = f"{{S}}{text[3:]}" if text.startswith("{s}") else capitalise(text)
    return invent_style(random) if text in HELD_OUT.styles else text


def _order_slots(random: Random) -> list[str]:
    slots = random.choice((["{s}", "{a}", "{b}"], ["{s}", "{a}", "{b}"], ["{s}", "{a}"]))
    if random.random() < 0.45:
        rest = slots[1:]
        random.shuffle(rest)
        return [slots[0], *rest]
    random.shuffle(slots)
    return slots


def _draw_words(counts: tuple[int, ...], random: Random) -> list[str]:
    return random.choices(LESSON_WORDS.style_words, k=random.choice(counts))


def fill_style(style: str, noun_phrase: str, first: str, second: str) -> str:
    """Return an answer in the style."""
    return style.format(s=noun_phrase, S=capitalise(noun_phrase), a=first, b=second)
