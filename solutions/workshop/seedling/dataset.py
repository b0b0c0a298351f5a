"""The data files of the course: raw requests with faults, and the almanac's answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from prompt_or_tune.files import write_atomically
from prompt_or_tune.lexicon import NEW_SUBJECTS
from prompt_or_tune.samples import AlmanacEntry, RawSample, SplitName

from solutions.workshop.seedling.almanac import all_combinations, answer
from solutions.workshop.seedling.words import INBOX

TRAINING_SIZE = 1000
DEVELOPMENT_SIZE = 328
SEED = 2026


def make_almanac() -> list[AlmanacEntry]:
    """Return the editor's answer to every combination, each in one split.

    New subjects are a split of their own; the combinations of the others are dealt into
    training, development and test at random. "Describe spring" is kept for training: the
    course quotes it.
    """
    known = [c for c in all_combinations() if c[0].noun_phrase not in NEW_SUBJECTS]
    Random(SEED).shuffle(known)
    known.sort(
        key=lambda combination: (combination[0].word, combination[1]) != ("spring", "")
    )
    splits: dict[tuple[str, str], SplitName] = {}
    for place, (subject, setting) in enumerate(known):
        splits[subject.noun_phrase, setting] = (
            "train"
            if place < TRAINING_SIZE
            else "development"
            if place < TRAINING_SIZE + DEVELOPMENT_SIZE
            else "test"
        )
    return [
        AlmanacEntry(
            subject.noun_phrase,
            setting,
            answer(subject, setting),
            splits.get((subject.noun_phrase, setting), "new_subjects"),
        )
        for subject, setting in all_combinations()
    ]


def _in_capitals(text: str, random: Random) -> str:
    return text.upper() if random.random() < 0.5 else text.lower()


def _with_spaces(text: str, random: Random) -> str:
    spaced = text.replace(" ", "  ", random.randint(1, 4))
    return f"{' ' * random.randint(0, 2)}{spaced}{' ' * random.randint(1, 3)}"


def _with_punctuation(text: str, random: Random) -> str:
    return text.rstrip("?") + random.choice(INBOX.punctuation)


def _with_markup(text: str, random: Random) -> str:
    tag = random.choice(INBOX.tags)
    wrapped = f"<{tag}>{text}</{tag.split()[0]}>"
    return wrapped.replace(" ", "&nbsp;", 1) if random.random() < 0.4 else wrapped


REPETITIONS: tuple[Callable[[str, Random], str], ...] = (
    _in_capitals,
    _with_spaces,
    _with_punctuation,
    _with_markup,
    lambda text, random: text,
)


def make_raw_samples(entries: list[AlmanacEntry]) -> list[RawSample]:
    """Return the raw file: one request per training combination, and faults among them.

    The faults are those of real inboxes: some requests carry markup or stray spaces, some
    stand twice, and some rows are blank, pasted, in another language or about nothing.
    """
    random = Random(SEED)
    training = [entry for entry in entries if entry.split == "train"]
    random.shuffle(training)
    rows = []
    for number, entry in enumerate(training):
        frames = INBOX.poem_requests if number % 2 else INBOX.description_requests
        topic = f"{entry.subject} {entry.setting}".strip()
        is_quoted = topic == "spring"
        frame = INBOX.poem_requests[0] if is_quoted else random.choice(frames)
        rows.append(frame.format(topic=topic))
    faults = [
        random.choice(REPETITIONS)(text, random) for text in random.sample(rows, 140)
    ]
    faults += [random.choice(INBOX.blanks) for _ in range(40)]
    faults += [random.choice(INBOX.foreign_requests) for _ in range(36)]
    faults += [random.choice(INBOX.off_topic_requests) for _ in range(30)]
    faults += [f"{random.choice(rows)} - {INBOX.pasted_text}" for _ in range(24)]
    messy = [
        random.choice((_with_markup, _with_spaces))(text, random)
        if random.random() < 0.12
        else text
        for text in rows
    ]
    texts = messy + faults
    random.shuffle(texts)
    return [RawSample(f"raw-{n:04d}", text) for n, text in enumerate(texts, start=1)]


def write_data(folder: Path) -> list[Path]:
    """Write `almanac.jsonl` and `raw_samples.jsonl` into the folder; return them."""
    entries = make_almanac()
    return [
        _write_rows(folder / "almanac.jsonl", entries),
        _write_rows(folder / "raw_samples.jsonl", make_raw_samples(entries)),
    ]


def _write_rows(path: Path, rows: list[AlmanacEntry] | list[RawSample]) -> Path:
    lines = [json.dumps(vars(row), ensure_ascii=False) for row in rows]
    return write_atomically(path, "\n".join(lines) + "\n")
