"""The options of `decide`: on the command line, in a file, and which of them wins."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from prompt_or_tune.cli import main
from prompt_or_tune.cli.decide_options import DecideOptions, make_settings
from prompt_or_tune.cli.errors import UsageError
from prompt_or_tune.cli.settings import name_option, read_options
from prompt_or_tune.own_data.preparing import DecideSettings, Elsewhere


def write_settings(folder: Path, text: str) -> Path:
    path = folder / "decide.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str, **given: Any) -> DecideOptions:
    return read_options(DecideOptions, write_settings(folder, text), given)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run `decide` up to where it would begin; return the options that it got."""

    def run(*arguments: str) -> DecideOptions:
        seen: list[DecideOptions] = []
        monkeypatch.setattr(
            "prompt_or_tune.cli.decide.run_decide",
            lambda file, options, as_json: seen.append(options),
        )
        with pytest.raises(SystemExit) as left:
            main(["decide", "pairs.jsonl", *arguments])
        assert left.value.code == 0
        return seen[0]

    return run


class TestFile:
    def test_every_option_but_json_and_settings_may_stand_there(self, tmp_path):
        text = """
            model = "folder"
            rule = "regex"
            template = ["Answer in a word: {prompt}"]
            queries = 50_000
            output = "out"
            save-split = "split.jsonl"
            seed = 3
            pattern = "^{response}"
            tolerance = 1
            shots = [1, 2]
            sizes = [100]
            learning-rates = [1e-4, 3e-4]
            steps = 200
            max-new-tokens = 64
            batch-size = 8
            input-price = 0.2
            output-price = 0.8
            cached-price = 0.02
            training-price = 3
            tuned-multiplier = 2
            tuned-fee = 10
            label-price = 0.5
            prefix-caching = true
            currency = "€"
            answers = { api = "api.jsonl" }
            price = { api = 0.002 }
        """
        options = read(tmp_path, text)
        defaults = DecideOptions()
        same = [
            field.name
            for field in fields(options)
            if getattr(options, field.name) == getattr(defaults, field.name)
        ]
        assert same == []
        settings = make_settings(options)
        assert settings.elsewhere == (Elsewhere("api", Path("api.jsonl"), 0.002),)
        assert settings.prices.tuned_multiplier == 2.0
        assert settings.shots == (1, 2)

    def test_the_readme_s_example_is_read(self, tmp_path):
        readme = Path(__file__).parents[2] / "README.md"
        (example,) = re.findall(
            r"```toml\n(.+?)```", readme.read_text(encoding="utf-8"), re.DOTALL
        )
        options = read(tmp_path, example)
        assert options.answers.keys() == options.price.keys() == {"api"}
        assert make_settings(options).prices.input == 0.15

    def test_without_any_option_the_defaults_are_those_of_decide_settings(self):
        made, usual = make_settings(DecideOptions()), DecideSettings()
        assert made.prices == usual.prices
        assert (made.shots, made.queries, made.rule) == (
            usual.shots,
            usual.queries,
            usual.rule,
        )

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("querys = 3", 'no setting "querys"; there are: model, rule, template, quer'),
            ("save_split = 'a'", 'there is no setting "save_split"'),
            ('queries = "many"', '"queries" is "many"; it must be a whole number'),
            ("queries = true", '"queries" is true; it must be a whole number'),
            ("steps = 1.5", '"steps" is 1.5; it must be a whole number'),
            ('template = "a"', '"template" is "a"; it must be a list of texts'),
            ("shots = [1, 'a']", r'"shots" is \[1, "a"\]; it must be a list of whole'),
            ("output = 3", '"output" is 3; it must be a path in quotes'),
            ("price = 3", '"price" is 3; it must be a table of names and numbers'),
            ("prefix-caching = 1", '"prefix-caching" is 1; it must be true or false'),
            ("currency = 2026-01-01", '"currency" is "2026-01-01"; it must be a text'),
            ("queries = ", "is not TOML: Invalid value"),
        ],
    )
    def test_what_cannot_be_is_named_with_file_key_and_what_is_allowed(
        self, tmp_path, text, sentence
    ):
        with pytest.raises(UsageError, match=sentence) as refusal:
            read(tmp_path, text)
        assert str(refusal.value).startswith(str(tmp_path / "decide.toml"))
        assert "\n" not in str(refusal.value)

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path):
        with pytest.raises(UsageError, match=r"no\.toml cannot be read: No such file"):
            read_options(DecideOptions, tmp_path / "no.toml", {})
        latin = tmp_path / "latin.toml"
        latin.write_bytes(b'currency = "\xa3"')
        with pytest.raises(UsageError, match="is not UTF-8"):
            read_options(DecideOptions, latin, {})

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("input-price = -1", "--input-price is -1; it must be 0 or more"),
            ("tolerance = nan", "--tolerance is nan"),
            ("shots = [0]", '--shots is "0"; every number must be above 0'),
            ("price = { api = 1 }", 'names "api", for which there are no --answers'),
            ("answers = { api = 'a' }", "what does a query to api cost"),
            (
                "answers = { api = 'a' }\nprice = { api = inf }",
                '--price api is "inf"; write an amount',
            ),
        ],
    )
    def test_numbers_that_make_no_sense_are_refused_as_on_the_command_line(
        self, tmp_path, text, sentence
    ):
        with pytest.raises(UsageError, match=sentence):
            make_settings(read(tmp_path, text))


class TestCommandLine:
    def test_it_wins_over_the_file_also_with_a_default(self, run, tmp_path):
        text = "queries = 5\nseed = 7\nprefix-caching = true\nshots = [3]"
        file = write_settings(tmp_path, text)
        options = run(
            *("--settings", str(file), "--queries", "10000", "--no-prefix-caching"),
            *("--shots", "1,2"),
        )
        assert (options.queries, options.prefix_caching) == (10_000, False)
        assert options.shots == (1, 2)
        assert options.seed == 7

    def test_without_a_file_all_else_is_as_usual(self, run):
        assert run() == DecideOptions()
        assert run("--model", "m", "-o", "there") == DecideOptions(
            model="m", output=Path("there")
        )

    def test_tables_and_lists_are_typed_name_by_name_and_with_commas(self, run):
        options = run(
            *("--answers", "a=a.jsonl", "--answers", "b = b.jsonl"),
            *("--price", "a=0.1", "--price", "b=2"),
            *("--learning-rates", "1e-4,3e-4", "--template", "x {prompt}"),
        )
        assert options.answers == {"a": Path("a.jsonl"), "b": Path("b.jsonl")}
        assert options.price == {"a": 0.1, "b": 2.0}
        assert options.learning_rates == (1e-4, 3e-4)
        assert options.template == ("x {prompt}",)


class TestHelp:
    @pytest.fixture
    def panels(self, monkeypatch):
        """Return the options of `decide --help` by the panel in which they stand."""
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setenv("NO_COLOR", "1")
        out = io.StringIO()
        with redirect_stdout(out), pytest.raises(SystemExit):
            main(["decide", "--help"])
        parts = re.split(r"╭─ (.+?) ─+╮", out.getvalue())
        return {
            name: re.findall(r"^│ (--[\w-]+)", text, re.MULTILINE)
            for name, text in zip(parts[1::2], parts[2::2], strict=True)
        }

    def test_what_most_need_stands_first_in_at_most_eight_options(self, panels):
        assert len(panels["Options"]) <= 8
        assert {"--model", "--rule", "--settings", "--json"} <= set(panels["Options"])

    def test_every_option_has_its_panel(self, panels):
        shown = [option for options in panels.values() for option in options]
        known = [name_option(field.name) for field in fields(DecideOptions)]
        assert sorted(shown) == sorted([*known, "--settings", "--json", "--help"])
        assert list(panels) == [
            *("Arguments", "Options", "Data", "What is right"),
            *("Arms and their knobs", "Prices"),
        ]
