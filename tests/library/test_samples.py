"""Stage 1: a messy file of requests becomes exactly 1000 clean samples, and no leak."""

from __future__ import annotations

from collections import Counter

import pytest
from prompt_or_tune.lexicon import NEW_SUBJECTS, SETTINGS, SUBJECTS
from prompt_or_tune.records import Sample
from prompt_or_tune.samples import (
    SPLITS,
    RawSample,
    almanac,
    clean,
    load_raw,
    load_samples,
    split,
)


def reason_for(*texts: str) -> list[str]:
    rows = [RawSample(str(place), text) for place, text in enumerate(texts)]
    return [dropped.reason for dropped in clean(rows).dropped]


def test_the_raw_file_is_messier_than_what_comes_out() -> None:
    report = clean(load_raw())
    assert len(load_raw()) > 1000
    assert len(report.samples) == 1000
    assert all(report.count_reasons().values()), "every kind of fault occurs"
    assert report.mended > 0
    assert len(report.samples) + len(report.dropped) == len(load_raw())


def test_the_request_of_the_specification_is_a_shipped_sample() -> None:
    assert "Write a poem about spring" in [
        sample.text for sample in load_samples("train")
    ]


def test_every_clean_sample_asks_for_a_poem_or_a_description() -> None:
    texts = [sample.text.lower() for sample in load_samples("train")]
    kinds = Counter("poem" in text for text in texts)
    assert kinds[True] + sum("describe" in text for text in texts) == 1000
    assert min(kinds.values()) > 400


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \t\n", "blank"),
        ("<p></p>", "blank"),
        ("Describe the fox - " + "see the notes " * 20, "over-long"),
        ("Schreibe ein Gedicht über den Herbst", "another language"),
        ("春についての詩を書いて", "another language"),
        ("Write a poem about quarterly earnings", "no subject of the almanac"),
    ],
)
def test_what_is_no_request_is_dropped_with_its_reason(text: str, reason: str) -> None:
    assert reason_for(text) == [reason]


@pytest.mark.parametrize(
    "again",
    [
        "DESCRIBE THE FOX AT DAWN",
        "  Describe   the fox at dawn ",
        "Describe the fox at dawn!!!",
        "<b>Describe the fox&nbsp;at dawn</b>",
    ],
)
def test_a_repetition_up_to_case_spacing_and_marks_is_dropped(again: str) -> None:
    assert reason_for("Describe the fox at dawn", again) == ["duplicate"]


def test_markup_is_mended_and_the_sample_kept() -> None:
    (sample,) = clean([RawSample("a", "<p>Describe  the fox &nbsp;at dawn</p>")]).samples
    assert sample == Sample("a", "Describe the fox at dawn", "the fox", "at dawn")


def test_the_almanac_answers_every_combination_and_spring_as_specified() -> None:
    assert len(almanac()) == len(SUBJECTS) * (len(SETTINGS) + 1)
    assert almanac()["spring", ""] == "Spring is warm and bright"


def test_splits_are_large_enough_and_share_no_combination() -> None:
    sizes = {name: len(load_samples(name)) for name in SPLITS}
    assert sizes["train"] == 1000
    assert min(sizes.values()) >= 200
    combinations = [s.combination for name in SPLITS for s in load_samples(name)]
    assert len(combinations) == len(set(combinations))


def test_new_subjects_stand_in_no_other_split() -> None:
    assert {s.subject for s in load_samples("new_subjects")} == set(NEW_SUBJECTS)
    for name in ("train", "development", "test"):
        assert not {s.subject for s in load_samples(name)} & set(NEW_SUBJECTS)


def test_training_shows_every_subject_and_every_setting_that_the_test_asks() -> None:
    training = load_samples("train")
    assert {s.subject for s in load_samples("test")} <= {s.subject for s in training}
    assert {s.setting for s in load_samples("test")} <= {s.setting for s in training}


def test_split_keeps_a_combination_in_one_part() -> None:
    samples = [Sample(f"{n}", "x", f"subject {n % 20}", "at dawn") for n in range(100)]
    parts = split(samples, (0.6, 0.2, 0.2), seed=3)
    assert [len(part) for part in parts] == [60, 20, 20]
    combinations = [{s.combination for s in part} for part in parts]
    assert not combinations[0] & combinations[1]
    assert not combinations[1] & combinations[2]
    assert split(samples, (0.6, 0.2, 0.2), seed=4) != parts


def test_split_refuses_shares_above_the_whole() -> None:
    with pytest.raises(ValueError, match="sum to at most 1"):
        split([], (0.8, 0.4))


def test_an_unknown_split_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="new_subjects"):
        load_samples("validation")
