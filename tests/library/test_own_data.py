"""The reader's own pairs: what is accepted, how they are split, what counts as right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from prompt_or_tune.own_data.judging import RuleChoice, make_rules
from prompt_or_tune.own_data.reading import (
    LONGEST_LINE,
    DataError,
    OwnPair,
    read_answers,
    read_own_pairs,
)
from prompt_or_tune.own_data.splitting import group_pairs, split_pairs

GOOD: dict[str, object] = {"prompt": "3 km in m", "response": "3000 m"}


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


def make_rows(count: int, **fields: object) -> list[dict[str, object]]:
    return [
        {"prompt": f"{n} km in m", "response": f"{n}000 m"} | fields
        for n in range(1, count + 1)
    ]


def make_pair(prompt: str, response: str, line: int = 1, pattern: str = "") -> OwnPair:
    return OwnPair(prompt, response, line, pattern=pattern)


class TestReading:
    def test_pairs_keep_their_line_numbers_and_blank_lines_are_skipped(self, tmp_path):
        file = tmp_path / "pairs.jsonl"
        file.write_text(
            '{"prompt": "a", "response": "b"}\n\n{"prompt": "c", "response": "d"}'
        )
        assert read_own_pairs(file).pairs == (OwnPair("a", "b", 1), OwnPair("c", "d", 3))

    def test_a_mark_at_the_start_windows_line_ends_and_other_scripts_are_fine(
        self, tmp_path
    ):
        file = tmp_path / "pairs.jsonl"
        file.write_bytes(
            b"\xef\xbb\xbf" + '{"prompt": "größe", "response": "尺寸"}\r\n'.encode()
        )
        assert read_own_pairs(file).pairs == (OwnPair("größe", "尺寸", 1),)

    def test_fields_that_are_not_used_are_named(self, tmp_path):
        file = write_rows(tmp_path / "p.jsonl", [GOOD | {"id": 7, "source": "x"}])
        assert read_own_pairs(file).notices == (
            'Fields that are not used: "id", "source".',
        )

    def test_repeated_rows_are_dropped_and_counted(self, tmp_path):
        rows: list[dict[str, object]] = [
            GOOD,
            {"prompt": "4 km in m", "response": "4000 m"},
            GOOD | {"prompt": "3 KM in m?"},
        ]
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", rows))
        assert [pair.line for pair in file.pairs] == [1, 2]
        assert "line 3 repeats line 1" in file.notices[0]

    def test_a_prompt_with_two_different_responses_is_kept(self, tmp_path):
        rows = [GOOD, GOOD | {"response": "3,000 m"}]
        assert len(read_own_pairs(write_rows(tmp_path / "p.jsonl", rows)).pairs) == 2

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", "holds no pairs"),
            (b"\n  \n", "holds no pairs"),
            (b"hello\n", r"line 1: this is not JSON \(Expecting value, column 1\)"),
            (
                b'{"prompt": "a", "response": "b"}\n{"prompt": "a"',
                "line 2: this is not JSON",
            ),
            (b'[{"prompt": "a", "response": "b"}]', "line 1: an array starts here"),
            (b'[\n{"prompt": "a", "response": "b"}\n]', "line 1: an array starts here"),
            (b'"a"\n', "line 1: this is a text; wanted: one object"),
            (
                b'{"prompt": "a"}\n',
                'line 1: the field "response" is missing .*: "prompt"',
            ),
            (b"{}\n", 'line 1: the field "prompt" is missing .*: none'),
            (
                b'{"prompt": 3, "response": "b"}\n',
                'line 1: the field "prompt" is a number',
            ),
            (
                b'{"prompt": "a", "response": null}\n',
                'line 1: the field "response" is null',
            ),
            (
                b'{"prompt": " ", "response": "b"}\n',
                'line 1: the field "prompt" is blank',
            ),
            (b'{"prompt": "a", "response": "\\ud800"}\n', "line 1: .* half a character"),
            (
                b'{"prompt": "a", "response": "b", "split": "dev"}',
                '"split" is "dev"; it must be',
            ),
            (b'{"prompt": "a", "response": "b", "split": ["x"]}', '"split" is \\["x"\\]'),
            (
                b'{"prompt": "caf\xe9", "response": "b"}\n',
                r"line 1: byte 16 is not UTF-8 \(0xe9\)",
            ),
            (
                '{"prompt": "a", "response": "b"}'.encode("utf-16"),
                "is in UTF-16; save it as UTF-8",
            ),
            (
                b'{"prompt": ' + b"[" * 50_000,
                "line 1: (this is not JSON|the JSON is nested)",
            ),
            (
                b'{"prompt": "a", "n": ' + b"9" * 5000 + b"}",
                "line 1: this JSON cannot be read",
            ),
        ],
    )
    def test_bad_content_is_refused_in_one_sentence_with_its_line(
        self, tmp_path, content, sentence
    ):
        file = tmp_path / "pairs.jsonl"
        file.write_bytes(content)
        with pytest.raises(DataError, match=sentence) as refusal:
            read_own_pairs(file)
        assert "\n" not in str(refusal.value)
        assert str(file) in str(refusal.value)

    def test_a_line_of_a_megabyte_is_refused_before_it_is_parsed(self, tmp_path):
        file = write_rows(
            tmp_path / "p.jsonl", [GOOD, GOOD | {"prompt": "x" * 1_000_000}]
        )
        with pytest.raises(
            DataError, match=f"line 2: the line is longer than {LONGEST_LINE:,}"
        ):
            read_own_pairs(file)

    def test_a_missing_file_and_a_folder_are_named(self, tmp_path):
        with pytest.raises(DataError, match=r"nothing\.jsonl does not exist"):
            read_own_pairs(tmp_path / "nothing.jsonl")
        with pytest.raises(DataError, match="is a folder"):
            read_own_pairs(tmp_path)

    def test_a_split_in_some_rows_only_is_refused(self, tmp_path):
        file = write_rows(tmp_path / "p.jsonl", [*make_rows(2, split="train"), GOOD])
        with pytest.raises(DataError, match='line 3: the field "split" is missing'):
            read_own_pairs(file)

    def test_a_row_repeated_in_another_split_is_refused(self, tmp_path):
        rows = [GOOD | {"split": "train"}, GOOD | {"split": "test"}]
        with pytest.raises(
            DataError, match="line 2: this test row repeats line 1, a train row"
        ):
            read_own_pairs(write_rows(tmp_path / "p.jsonl", rows))


class TestAnswers:
    def test_answers_may_be_blank_and_are_found_by_their_prompt(self, tmp_path):
        rows = [{"prompt": " a ", "response": ""}, {"prompt": "b", "response": "x"}]
        assert read_answers(write_rows(tmp_path / "a.jsonl", rows)) == {"a": "", "b": "x"}

    def test_two_answers_to_one_prompt_are_refused(self, tmp_path):
        rows = [{"prompt": "a", "response": "x"}, {"prompt": "a", "response": "y"}]
        with pytest.raises(DataError, match="line 2: this prompt was answered before"):
            read_answers(write_rows(tmp_path / "a.jsonl", rows))


class TestSplitting:
    def test_every_pair_is_in_one_split_of_the_wanted_share(self, tmp_path):
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", make_rows(200)))
        splits = split_pairs(file, seed=0)
        sizes = len(splits.train), len(splits.development), len(splits.test)
        assert sizes == (120, 30, 50)
        assert {*splits.train, *splits.development, *splits.test} == set(file.pairs)

    def test_the_seed_decides(self, tmp_path):
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", make_rows(100)))
        assert split_pairs(file, 1) == split_pairs(file, 1)
        assert split_pairs(file, 1).test != split_pairs(file, 2).test

    def test_wordings_of_one_prompt_are_never_parted(self, tmp_path):
        rows = [
            {"prompt": text.format(n), "response": f"{n}{copy}"}
            for n in range(60)
            for copy, text in enumerate(["{} km in m", "{} KM in M?", "  {} km — in m"])
        ]
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", rows))
        for seed in range(5):
            splits = split_pairs(file, seed)
            places: dict[str, set[str]] = {}
            for name in ("train", "development", "test"):
                for pair in splits[name]:
                    places.setdefault(pair.response[:-1], set()).add(name)
            assert all(len(found) == 1 for found in places.values())

    def test_one_response_to_two_prompts_joins_them_unless_it_is_a_label(self):
        sentences = [
            make_pair("how do I reset it", "Hold the button"),
            make_pair("it is stuck, help", "hold the button!"),
            make_pair("no light", "Charge it"),
        ]
        assert sorted(map(len, group_pairs(sentences))) == [1, 2]
        labels = [
            make_pair(f"ticket {n}", ("billing", "login")[n % 2]) for n in range(10)
        ]
        assert [len(group) for group in group_pairs(labels)] == [1] * 10

    def test_too_few_pairs_are_refused(self, tmp_path):
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", make_rows(47)))
        with pytest.raises(DataError, match=r"holds 47 different pairs.* at least 48"):
            split_pairs(file)
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", make_rows(48)))
        assert len(split_pairs(file).test) == 12

    def test_named_splits_are_used_as_they_are(self, tmp_path):
        names = ["train"] * 20 + ["development"] * 8 + ["test"] * 12
        rows = [row | {"split": s} for row, s in zip(make_rows(40), names, strict=True)]
        splits = split_pairs(read_own_pairs(write_rows(tmp_path / "p.jsonl", rows)))
        assert (len(splits.train), len(splits.development), len(splits.test)) == (
            20,
            8,
            12,
        )
        assert splits.test[0].line == 29

    def test_a_named_split_that_is_too_small_is_refused(self, tmp_path):
        names = ["train"] * 30 + ["development"] * 8 + ["test"] * 2
        rows = [row | {"split": s} for row, s in zip(make_rows(40), names, strict=True)]
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", rows))
        with pytest.raises(DataError, match="gives 2 pairs for test, and at least 12"):
            split_pairs(file)

    def test_a_prompt_in_two_named_splits_is_refused(self, tmp_path):
        rows: list[dict[str, object]] = [
            *make_rows(40, split="train"),
            {"prompt": "7 KM in m", "response": "seven thousand", "split": "test"},
        ]
        file = read_own_pairs(write_rows(tmp_path / "p.jsonl", rows))
        with pytest.raises(
            DataError, match="line 41: this test prompt also stands in line 7"
        ):
            split_pairs(file)


class TestRules:
    @pytest.mark.parametrize(
        ("choice", "response", "right", "wrong"),
        [
            (RuleChoice("exact"), "3000 m", " 3000 m\n", "3000 M"),
            (RuleChoice("contains"), "billing", "It is Billing.", "rebilling"),
            (RuleChoice("json"), '{"a": 1, "b": 2}', '{"b": 2, "a": 1.0}', '{"a": 1}'),
            (RuleChoice("numeric", tolerance=0.5), "3000 m", "about 3,000.4 m", "3001"),
            (RuleChoice("regex", r"^{response}\b"), "a.b", "a.b!", "acb"),
        ],
    )
    def test_a_rule_tells_right_from_wrong(self, choice, response, right, wrong):
        (rule,) = make_rules([make_pair("q", response)], choice, Path("p.jsonl"))
        assert rule.check(right)
        assert not rule.check(wrong)

    def test_a_row_s_own_pattern_comes_before_the_general_one(self):
        pairs = [make_pair("q", "yes", pattern="^(yes|yeah)$"), make_pair("q", "no")]
        rules = make_rules(pairs, RuleChoice("regex", "^{response}$"), Path("p.jsonl"))
        assert [rule.check("yeah") for rule in rules] == [True, False]

    @pytest.mark.parametrize(
        ("choice", "response", "sentence"),
        [
            (RuleChoice("json"), "{a}", "line 4: .*not JSON"),
            (RuleChoice("numeric"), "none", "line 4: .*holds no number"),
            (RuleChoice("regex"), "a", "line 4: .*Give --pattern"),
            (RuleChoice("regex", "("), "a", "line 4: .*not a regular expression"),
            (RuleChoice("regex", "^b$"), "a", "line 4: the response itself is wrong"),
        ],
    )
    def test_a_response_that_does_not_suit_the_rule_is_refused(
        self, choice, response, sentence
    ):
        with pytest.raises(DataError, match=sentence):
            make_rules([make_pair("q", response, line=4)], choice, Path("p.jsonl"))

    def test_unknown_rules_and_useless_patterns_are_refused(self):
        with pytest.raises(DataError, match="choose one of exact, contains, regex"):
            RuleChoice("fuzzy")
        with pytest.raises(DataError, match='A pattern is for the rule "regex"'):
            RuleChoice("exact", "x")
