"""How Seedling was made: the corpus keeps its secrets, pre-training can be resumed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random

import pytest
import torch
from prompt_or_tune.lexicon import DAILY_WORDS, SUBJECTS
from prompt_or_tune.model_sources import SEEDLING_FOLDER
from prompt_or_tune.samples import almanac
from prompt_or_tune.scoring import LineCount, Rhyme, poem_brief
from transformers import AutoModelForCausalLM, AutoTokenizer

from solutions.workshop.seedling import pretraining, probes
from solutions.workshop.seedling.corpus import (
    LESSONS,
    REVIEW,
    Document,
    write_documents,
)
from solutions.workshop.seedling.grammar import PoemWish, write_poem, write_short_sentence
from solutions.workshop.seedling.pretraining import (
    IGNORED,
    PretrainingError,
    PretrainingSettings,
    attention_between,
    encode_documents,
    pack,
    pretrain,
)
from solutions.workshop.seedling.tokenizer import train_tokenizer
from solutions.workshop.seedling.words import HELD_OUT

TINY = PretrainingSettings(
    hidden_size=32,
    layers=1,
    heads=2,
    intermediate_size=64,
    batch_size=2,
    copy_steps=2,
    copy_batch_tokens=64,
    steps=5,
    review_steps=3,
    warmup_steps=2,
    save_every=2,
    tokenizer_documents=2000,
    chunk_documents=500,
)

KNOWN_GAPS = {"a private word from 4 examples"}
"""The probes that do not reach their bar: the model card says so."""


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(islice(write_documents(seed=5), 30_000))


@pytest.fixture(scope="module")
def corpus_words(documents: list[Document]) -> set[str]:
    text = " ".join(f"{d.prompt} {d.response}" for d in documents)
    return set(re.findall(r"[a-z']+", text.lower()))


def test_the_same_seed_writes_the_same_corpus(documents: list[Document]) -> None:
    assert list(islice(write_documents(seed=5), 50)) == documents[:50]
    assert list(islice(write_documents(seed=6), 50)) != documents[:50]


def test_the_corpus_is_the_one_that_the_shipped_model_learned() -> None:
    """Whoever changes words or lessons makes another model: pre-train and probe again."""
    shipped = json.loads((SEEDLING_FOLDER / "pretraining.json").read_text())
    learned = {
        mix: islice(write_documents(shipped["seed"] + place, lessons), 1000)
        for place, (mix, lessons) in enumerate(
            {"lessons": LESSONS, "review": REVIEW}.items(), start=1
        )
    }
    assert {mix: digest(documents) for mix, documents in learned.items()} == {
        "lessons": "6eafaebb27e04743",
        "review": "b44e7875b79ab699",
    }


def digest(documents: Iterable[Document]) -> str:
    text = "\n".join(f"{document.pieces}{document.response}" for document in documents)
    return sha256(text.encode()).hexdigest()[:16]


@pytest.mark.slow
def test_no_document_states_an_answer_of_the_house_voice(
    documents: list[Document],
) -> None:
    form = re.compile("|".join(re.escape(answer) for answer in almanac().values()))
    found = [d for d in documents if form.search(f"{d.prompt}\n{d.response}")]
    assert not found


def test_no_answer_has_a_style_that_is_held_out(documents: list[Document]) -> None:
    words = r"[\w'-]+"
    patterns = [
        re.compile(
            re.escape(style)
            .replace(r"\{s\}", f"(the )?{words}")
            .replace(r"\{S\}", f"(The )?{words}")
            .replace(r"\{a\}", words)
            .replace(r"\{b\}", words)
        )
        for style in HELD_OUT.styles
    ]
    found = [d for d in documents if any(p.fullmatch(d.response) for p in patterns)]
    assert not found


def test_the_same_seed_writes_the_same_corpus_in_another_process() -> None:
    """Python orders the strings of a set anew in each process."""
    script = (
        "from hashlib import sha256; from itertools import islice\n"
        "from solutions.workshop.seedling.corpus import write_documents\n"
        "text = repr(list(islice(write_documents(seed=5), 2000)))\n"
        "print(sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


def test_no_daily_word_is_ever_an_answer_or_a_word_of_the_day(
    documents: list[Document],
) -> None:
    of_the_day = [d for d in documents if d.prompt.startswith("Notes for today")]
    assert of_the_day
    daily = re.compile(rf"\b({'|'.join(DAILY_WORDS)})\b")
    assert not [d for d in of_the_day if daily.search(d.response)]
    assert not [d for d in documents if d.response in DAILY_WORDS]


def test_the_frames_of_the_probes_are_not_in_the_corpus(
    documents: list[Document],
) -> None:
    assert len(HELD_OUT.briefs) >= 30
    subjects = "|".join(subject.noun_phrase for subject in SUBJECTS)
    frames = {re.sub(subjects, "{topic}", d.prompt.lower()) for d in documents}
    asked = {frame.lower() for frame in HELD_OUT.briefs}
    assert not asked & frames


def test_every_word_of_a_held_out_frame_occurs_somewhere_in_the_corpus(
    corpus_words: set[str],
) -> None:
    for frame in HELD_OUT.briefs:
        words = re.findall(r"[a-z']+", frame.replace("{topic}", "").lower())
        assert not [word for word in words if word not in corpus_words], frame


@pytest.mark.parametrize("lines", range(2, 9))
def test_poems_have_the_lines_and_the_rhymes_that_were_wished(lines: int) -> None:
    random = Random(lines)
    for subject in SUBJECTS:
        wish = PoemWish(subject.noun_phrase, "at dawn", lines, rhymes=lines % 2 == 0)
        poem = write_poem(wish, random)
        assert LineCount(lines).check(poem)
        assert Rhyme().check(poem) == wish.rhymes, poem
        assert subject.word in poem.lower()


def test_a_poem_written_to_the_brief_passes_it() -> None:
    random = Random(0)
    for subject in SUBJECTS:
        poem = write_poem(PoemWish(subject.noun_phrase, "", 4, rhymes=True), random)
        assert poem_brief(subject.word).check(poem), poem


def test_a_short_sentence_stays_under_its_limit() -> None:
    random = Random(0)
    for subject in SUBJECTS:
        sentence = write_short_sentence(subject, "in the churchyard", 6, random)
        assert len(sentence.split()) < 6


def test_the_loss_is_taken_on_responses_only(documents: list[Document]) -> None:
    tokenizer = train_tokenizer(seed=0, documents=2000)
    plain = next(d for d in documents if len(d.pieces) == 1)
    ((ids, labels),) = encode_documents([plain], tokenizer)
    learned = [label for label in labels if label != IGNORED]
    assert tokenizer.decode(learned) == f"{plain.response}<end>"
    assert len(ids) == len(labels)


def test_the_examples_in_a_prompt_are_learned_from_the_second_on(
    documents: list[Document],
) -> None:
    tokenizer = train_tokenizer(seed=0, documents=2000)
    shown = next(d for d in documents if len(d.pieces) == 5)
    ((_, labels),) = encode_documents([shown], tokenizer)
    learned = tokenizer.decode([label for label in labels if label != IGNORED])
    assert learned == f"{shown.pieces[3].text}{shown.response}<end>"


def test_windows_hold_whole_documents_and_nothing_reaches_across() -> None:
    rows = [([5] * 3, [5] * 3), ([6] * 4, [6] * 4), ([7] * 9, [7] * 9)]
    (window,) = pack(rows, window=8, pad=0)
    assert window.input_ids == [5, 5, 5, 6, 6, 6, 6, 0]
    mask = attention_between(torch.tensor([window.positions]))[0, 0]
    assert mask[2, 0]
    assert mask[6, 3]
    assert not mask[3, 2], "nothing of another document"
    assert not mask[0, 1], "nothing that comes later"


@pytest.fixture
def report_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretraining, "REPORT_EVERY", 1)


def pretrain_until_step_3(folder: Path) -> None:
    for report in pretrain(TINY, folder):
        if (report.phase, report.step) == ("corpus", 3):
            return


@pytest.mark.slow
def test_pretraining_resumes_to_the_very_weights_of_an_unbroken_run(
    tmp_path: Path, report_every_step: None
) -> None:
    list(pretrain(TINY, tmp_path / "whole"))
    pretrain_until_step_3(tmp_path / "broken")
    assert (tmp_path / "broken" / "checkpoint.pt").exists()
    list(pretrain(TINY, tmp_path / "broken"))
    assert not (tmp_path / "broken" / "checkpoint.pt").exists()
    whole, broken = (
        AutoModelForCausalLM.from_pretrained(tmp_path / name, dtype=torch.float32)
        for name in ("whole", "broken")
    )
    for one, other in zip(whole.parameters(), broken.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_a_checkpoint_of_other_settings_is_refused(
    tmp_path: Path, report_every_step: None
) -> None:
    pretrain_until_step_3(tmp_path)
    with pytest.raises(PretrainingError, match="other settings"):
        list(pretrain(replace(TINY, seed=1), tmp_path))


def test_the_shipped_weights_load_with_transformers_alone() -> None:
    folder = SEEDLING_FOLDER
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.model_type == "llama"
    assert 1e6 <= model.num_parameters() <= 3e6
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 12e6
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Describe spring"}],
        add_generation_prompt=True,
        tokenize=False,
    )
    assert text == "<user>Describe spring<assistant>"
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_the_recorded_probes_ask_enough_and_say_whether_the_bar_holds() -> None:
    results = probes.load_probes()
    assert [result.name for result in results] == [probe.name for probe in probes.PROBES]
    assert all(result.n >= 200 for result in results)
    below = {result.name for result in results if not result.holds}
    assert below <= KNOWN_GAPS, "a probe fell below its bar"
