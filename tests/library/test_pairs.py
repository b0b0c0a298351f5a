"""Stage 3: pairs in files, pairs as labels, and pairs that stand on both sides."""

from __future__ import annotations

import errno
import json
import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prompt_or_tune.models import LanguageModel, load_model
from prompt_or_tune.pairs import (
    IGNORED_LABEL,
    LONGEST_LINE,
    PairsError,
    encode,
    find_leaks,
    make_pairs,
    read_pairs,
    write_pairs,
)
from prompt_or_tune.records import Pair, Sample
from prompt_or_tune.samples import almanac, load_samples

from tests.tiny_models import BUILDERS, build_gemma3_multimodal

FOX = Pair("Describe the fox at dawn", "The fox is swift and golden")


# ── Samples become pairs ───────────────────────────────────────────────────────────────


def test_a_pair_joins_a_sample_with_the_editors_answer_and_keeps_its_id():
    (pair,) = make_pairs([Sample("s-7", "Write a poem about spring", "spring", "")])
    assert pair == Pair("Describe spring", "Spring is warm and bright", "s-7")


def test_the_thousand_samples_become_a_thousand_pairs():
    pairs = make_pairs(load_samples("train"))
    assert len(pairs) == 1000
    assert [pair.sample_id for pair in pairs] == [s.id for s in load_samples("train")]
    assert {pair.response for pair in pairs} <= set(almanac().values())


def test_a_combination_that_the_editor_never_answered_is_named():
    with pytest.raises(PairsError, match=r"s-1 asks about 'the fox on Mars'"):
        make_pairs([Sample("s-1", "…", "the fox", "on Mars")])


# ── Files ──────────────────────────────────────────────────────────────────────────────


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


GOOD = '{"prompt": "Describe spring", "response": "Spring is warm and bright"}\n'


def test_the_pair_of_the_specification_is_read(tmp_path):
    pairs = read_pairs(write(tmp_path, GOOD))
    assert pairs == [Pair("Describe spring", "Spring is warm and bright")]


def test_blank_lines_a_byte_order_mark_and_other_fields_do_no_harm(tmp_path):
    more = '{"response": "b", "split": "test", "prompt": "a", "sample_id": "x"}\r\n'
    path = write(tmp_path, b"\xef\xbb\xbf" + f"{GOOD}\n  \n{more}".encode())
    assert read_pairs(path)[1] == Pair("a", "b", "x")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"not json", "is not JSON"),
        (b'{"prompt": "a", "response": "b"', "is not JSON"),
        (b"[" * 50_000, "is not JSON"),
        (b'["a", "b"]', "is not a JSON object"),
        (b'{"question": "a", "response": "b"}', "no field 'prompt'.*question, response"),
        (b'{"prompt": "a"}', "no field 'response'"),
        (b'{"prompt": 3, "response": "b"}', "'prompt' is not text but int"),
        (b'{"prompt": "a", "response": null}', "'response' is not text but NoneType"),
        (b'{"prompt": " ", "response": "b"}', "'prompt' is empty"),
        (b'{"prompt": "a", "response": ""}', "'response' is empty"),
        ('{"prompt": "a", "response": "café"}'.encode("latin-1"), "is not UTF-8"),
        (b'{"prompt": "' + b"a" * LONGEST_LINE + b'"}', "bytes long"),
    ],
)
def test_a_bad_line_is_named_by_its_number_in_one_sentence(tmp_path, line, complaint):
    path = write(tmp_path, GOOD.encode() + b"\n" + line + b"\n" + GOOD.encode())
    with pytest.raises(PairsError, match=rf"pairs\.jsonl, line 3.*{complaint}") as caught:
        read_pairs(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_pairs_is_empty(tmp_path, content):
    with pytest.raises(PairsError, match="it is empty"):
        read_pairs(write(tmp_path, content))


def test_a_missing_file_is_named():
    with pytest.raises(PairsError, match=r"nowhere\.jsonl can't be read: No such file"):
        read_pairs("nowhere.jsonl")


def test_a_file_in_utf_16_is_not_utf_8(tmp_path):
    with pytest.raises(PairsError, match=r"line 1 is not UTF-8"):
        read_pairs(write(tmp_path, GOOD.encode("utf-16")))


texts = st.text(min_size=1).filter(str.strip)


@given(st.lists(st.builds(Pair, texts, texts, st.text()), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read_back(tmp_path, pairs):
    write_pairs(pairs, tmp_path / "pairs.jsonl")
    assert read_pairs(tmp_path / "pairs.jsonl") == pairs


def test_a_line_holds_the_two_fields_of_the_specification(tmp_path):
    write_pairs([Pair("Describe spring", "Spring is warm and bright")], tmp_path / "p")
    assert (tmp_path / "p").read_text() == GOOD


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write(tmp_path, GOOD)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(PairsError, match="can't be written: No space left on device"):
        write_pairs([FOX], path)
    assert path.read_text() == GOOD
    assert list(tmp_path.iterdir()) == [path]


# ── Encoding ───────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module", params=[*BUILDERS, "gemma3 with vision"])
def model(request, tmp_path_factory) -> LanguageModel:
    builders = BUILDERS | {"gemma3 with vision": build_gemma3_multimodal}
    return load_model(builders[request.param](tmp_path_factory.mktemp("model")))


RESPONSES = [
    "The fox is swift and golden",
    "Four lines\nthat end in rhyme\n\nand one more time",
    "ünïcode … 春 and 🦊",
    "x",
    '{"label": 3}',
]


@pytest.mark.parametrize("response", RESPONSES)
def test_the_labels_are_the_response_and_its_end_of_turn(model, response):
    encoded = encode(Pair("Describe the fox", response), model)
    labels = [label for label in encoded.labels if label != IGNORED_LABEL]
    end = model.tokenizer.decode([model.end_of_turn_id])
    assert model.tokenizer.decode(labels) == response + end
    assert labels[-1] == model.end_of_turn_id in model.stop_ids


@pytest.mark.parametrize("response", RESPONSES)
def test_every_token_of_the_prompt_is_masked_and_none_of_the_answer(model, response):
    encoded = encode(Pair("Describe the fox", response), model)
    asked = model.count_tokens("Describe the fox")
    assert set(encoded.labels[:asked]) == {IGNORED_LABEL}
    assert encoded.labels[asked:] == encoded.input_ids[asked:]
    assert len(encoded.labels) == len(encoded.input_ids) > asked


def test_the_answer_is_learned_behind_what_generation_starts_from(model):
    encoded = encode(FOX, model)
    prompt_ids = model.encode_prompt(FOX.prompt)
    assert list(encoded.input_ids[: len(prompt_ids)]) == prompt_ids


def test_the_whole_is_the_chat_template_up_to_the_end_of_turn(model):
    encoded = encode(FOX, model)
    conversation = [
        {"role": "user", "content": FOX.prompt},
        {"role": "assistant", "content": FOX.response},
    ]
    template = model.tokenizer.apply_chat_template(conversation, tokenize=False)
    assert template.startswith(model.tokenizer.decode(encoded.input_ids))


def test_space_around_a_response_is_not_learned(model):
    padded = Pair(FOX.prompt, f"  {FOX.response}\n")
    assert encode(padded, model) == encode(FOX, model)


def test_an_empty_response_can_not_be_learned(model):
    with pytest.raises(PairsError, match="'Describe the fox' is empty"):
        encode(Pair("Describe the fox", " \n"), model)


def test_a_pair_beyond_the_context_is_refused_with_its_length(model):
    with pytest.raises(PairsError, match=r"takes \d+ tokens and .* reads 256"):
        encode(Pair("Describe the fox", "golden " * 400), model)


# ── Leaks ──────────────────────────────────────────────────────────────────────────────


def test_an_unseen_pair_is_no_leak():
    assert find_leaks([FOX], [Pair("Describe the owl", "The owl is wise")]) == []


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Describe the fox at dawn", "exact"),
        ("  describe THE fox, at dawn! ", "normalised"),
        ("Please describe the fox at dawn", "near"),
        ("At dawn, describe the fox", "near"),
    ],
)
def test_a_leak_has_the_kind_of_its_likeness(prompt, kind):
    test = Pair(prompt, FOX.response)
    (leak,) = find_leaks(
        [Pair("Describe spring", "Spring is warm and bright"), FOX], [test]
    )
    assert (leak.kind, leak.train, leak.test) == (kind, FOX, test)
    assert leak.similarity == pytest.approx(1.0 if kind != "near" else 0.9, abs=0.1)


def test_a_likeness_below_the_threshold_is_no_leak():
    test = [Pair("Please describe the fox at dawn", FOX.response)]
    assert find_leaks([FOX], test, near=0.95) == []
    (leak,) = find_leaks([FOX], test, near=0.85)
    assert leak.similarity == pytest.approx(9 / 10)


def test_the_words_of_a_template_make_no_leak():
    template = "Say in one word whether the mood of this message of a reader is good: {}"
    pairs = [Pair(template.format(f"message{i} text{i}"), "good") for i in range(100)]
    assert find_leaks(pairs[:70], pairs[70:]) == []


def test_the_shipped_splits_do_not_leak():
    train = make_pairs(load_samples("train"))
    for split in ("development", "test", "new_subjects"):
        assert find_leaks(train, make_pairs(load_samples(split))) == []


def test_a_thousand_pairs_against_four_hundred_take_seconds():
    chance = random.Random(0)
    words = [f"word{i}" for i in range(300)]
    pairs = [
        Pair(" ".join(chance.choices(words, k=12)), " ".join(chance.choices(words, k=12)))
        for _ in range(1400)
    ]
    started = time.process_time()
    find_leaks(pairs[:1000], pairs[1000:])
    assert time.process_time() - started < 5


def test_pairs_stay_json_for_other_tools(tmp_path):
    write_pairs([FOX, Pair("é", "春", "id")], tmp_path / "pairs.jsonl")
    lines = (tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[1]) == {"prompt": "é", "response": "春", "sample_id": "id"}
