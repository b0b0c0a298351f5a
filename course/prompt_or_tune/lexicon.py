"""Words: the subjects and settings of the almanac, and which words sound alike.

Everything that knows a word by name looks it up here: the cleaning of requests, the
rules that check a poem, the corpus that Seedling is made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache


@dataclass(frozen=True)
class Subject:
    """A thing the almanac writes about.

    `noun_phrase` stands in a sentence ("the fox"), `word` is its noun ("fox"), `kind` is
    one of `KINDS`.
    """

    noun_phrase: str
    word: str
    kind: str


_SUBJECT_WORDS: dict[str, str] = {
    "season": "spring summer autumn winter",
    "weather": "rain snow fog wind thunder frost",
    "bird": "owl robin heron swan wren crow lark",
    "animal": "fox hare deer badger otter hedgehog squirrel",
    "tree": "oak willow birch pine maple hazel",
    "flower": "rose daisy poppy lily tulip violet",
    "insect": "bee moth cricket ant beetle butterfly",
    "fish": "trout salmon pike eel herring carp",
    "place": "river lake meadow hill valley forest",
}
_WITHOUT_ARTICLE = {"season", "weather"}

KINDS: tuple[str, ...] = tuple(_SUBJECT_WORDS)

SUBJECTS: tuple[Subject, ...] = tuple(
    Subject(word if kind in _WITHOUT_ARTICLE else f"the {word}", word, kind)
    for kind, words in _SUBJECT_WORDS.items()
    for word in words.split()
)

# One of each kind that has enough members for the others to show what the kind is.
NEW_SUBJECTS: tuple[str, ...] = (
    "the lark",
    "the otter",
    "the maple",
    "the tulip",
    "the beetle",
    "the salmon",
)
"""Subjects kept out of training data, prompts and development data as a whole."""

SETTINGS: tuple[str, ...] = (
    "at dawn",
    "at dusk",
    "at noon",
    "at midnight",
    "at daybreak",
    "at nightfall",
    "at harvest",
    "at Easter",
    "in the morning",
    "in the evening",
    "on market day",
    "on Sunday",
    "in the garden",
    "in the orchard",
    "in the city",
    "in the village",
    "in the marsh",
    "in the churchyard",
    "in the north",
    "in the south",
    "by the mill",
    "by the barn",
    "by the gate",
    "by the well",
    "by the cottage",
    "at the harbour",
    "along the lane",
    "along the canal",
    "under the bridge",
    "under the stars",
    "near the school",
    "near the castle",
    "on the moor",
    "on the cliff",
    "on the island",
)

RHYME_FAMILIES: dict[str, tuple[str, ...]] = {
    "ight": ("light", "night", "bright", "white", "sight", "height", "kite", "flight"),
    "ay": ("day", "way", "away", "May", "grey", "hay", "sway", "play"),
    "ee": ("tree", "free", "sea", "me", "see", "key", "harmony"),
    "oh": ("glow", "slow", "below", "grow", "blow", "flow", "ago", "row"),
    "air": ("air", "care", "there", "stair", "fair", "prayer", "everywhere", "spare"),
    "ound": ("sound", "ground", "around", "bound", "found"),
    "ing": ("ring", "sing", "wing", "string", "swing", "king", "bring"),
    "old": ("gold", "cold", "unfold", "told", "bold", "old", "hold"),
    "eam": ("stream", "gleam", "dream", "steam", "beam"),
    "ear": ("near", "year", "hear", "fear", "clear", "dear"),
    "ine": ("line", "vine", "sign", "shine", "fine", "mine"),
    "ill": ("still", "sill", "chill", "thrill", "will", "mill"),
    "ong": ("long", "song", "belong", "strong", "throng"),
    "ome": ("home", "foam", "roam", "loam"),
    "eep": ("sleep", "deep", "steep", "keep", "sheep", "creep"),
    "ed": ("overhead", "thread", "bed", "red", "said", "bread"),
    "all": ("wall", "fall", "all", "shawl", "call", "small"),
    "ain": ("lane", "pane", "plain", "grain", "train"),
    "oon": ("afternoon", "tune", "soon", "June", "moon"),
    "art": ("heart", "art", "start", "part", "cart"),
    "ire": ("fire", "spire", "desire", "choir"),
    "ide": ("side", "tide", "hide", "wide", "pride", "ride"),
    "eeze": ("breeze", "trees", "ease", "seas", "knees"),
    "ade": ("shade", "glade", "played", "parade", "made", "unafraid"),
    "ook": ("book", "nook", "look", "brook", "took"),
}
"""Families of words with the same sounds from the last stressed vowel on."""

DAILY_WORDS: tuple[str, ...] = tuple(
    """lantern ribbon feather pebble candle basket button mirror violin kettle blanket
    hammer letter needle pencil pocket saddle thimble ticket trumpet wagon whistle anchor
    apron barrel bottle bucket compass cradle curtain drum flute glove hat jug ladder
    lamp map medal nest oar parcel pillow pitcher plate purse rope scarf shell spoon
    stamp stool table tent tower vase wheel""".split()
)
"""Words for the changing fact. In the corpus they are things in poems, never a word of
the day, and never an answer."""


def capitalise(text: str) -> str:
    """Return the text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


@cache
def _sounds() -> dict[str, str]:
    return {
        word.lower(): sound for sound, words in RHYME_FAMILIES.items() for word in words
    }


def rhyme_sound(word: str) -> str | None:
    """Return the name of the word's rhyme family, or `None` for a word not listed."""
    return _sounds().get(word.lower())


def find_subject(noun_phrase: str) -> Subject:
    """Return the subject with this noun phrase; raise `KeyError` when there is none."""
    return _subjects_by_phrase()[noun_phrase]


@cache
def _subjects_by_phrase() -> dict[str, Subject]:
    return {subject.noun_phrase: subject for subject in SUBJECTS}


@cache
def _request_pattern() -> re.Pattern[str]:
    subjects = "|".join(subject.noun_phrase for subject in SUBJECTS)
    settings = "|".join(SETTINGS)
    return re.compile(
        rf"\b(?:about|describe)\s+(?P<subject>{subjects})\b(?:\s+(?P<setting>{settings})\b)?",
        re.IGNORECASE,
    )


@lru_cache(maxsize=8192)
def parse_request(text: str) -> tuple[str, str] | None:
    """Return the (subject, setting) that a request asks about.

    The setting is empty when none is named. Returns `None` when the request names no
    subject of the almanac.
    """
    match = _request_pattern().search(text)
    if match is None:
        return None
    known = {setting.lower(): setting for setting in SETTINGS}
    setting = known.get((match["setting"] or "").lower(), "")
    return match["subject"].lower(), setting
