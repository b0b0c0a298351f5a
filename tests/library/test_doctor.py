"""The doctor: what it looks at, what it calls a problem, what it keeps to itself."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import pytest
from prompt_or_tune import doctor
from prompt_or_tune.doctor import GIB, examine, is_writable
from prompt_or_tune.show.doctor import summarise_findings


def find(name: str) -> doctor.Finding:
    return next(finding for finding in examine() if finding.name == name)


def test_versions_machine_folders_and_shipped_files_are_looked_at():
    findings = {finding.name: finding for finding in examine()}
    assert {"python", "torch", "transformers", "peft", "memory", "cores"} <= set(findings)
    assert {"working folder", "model cache", "Seedling's weights"} <= set(findings)
    assert findings["torch"].value[0].isdigit()
    assert "GiB" in findings["memory"].value


def test_json_holds_every_finding_and_the_problems(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 10**9 * GIB)
    found = summarise_findings(examine())
    assert json.loads(json.dumps(found)) == found
    assert "memory:" in str(found["problems"])


def test_a_missing_package_is_a_problem_and_a_missing_extra_is_none(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: None)
    assert find("peft").advice == "install it: pip install peft"
    assert find("jupyterlab").well
    assert "make lab" in find("jupyterlab").value


def test_a_torch_that_cannot_be_imported_is_a_problem_and_no_traceback(monkeypatch):
    real_import = builtins.__import__

    def refuse(name, *rest, **options):
        if name == "torch":
            raise OSError("libtorch.so: cannot open\nmore")
        return real_import(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    device = find("device")
    assert "libtorch.so: cannot open" in device.advice
    assert "\n" not in device.advice


def test_a_shipped_file_that_is_missing_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "SHIPPED", (("the weights", "nowhere.safetensors"),))
    assert "missing" in find("the weights").value
    assert "reinstall" in find("the weights").advice


def test_little_disk_space_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_DISK", 10**9 * GIB)
    assert "free some space" in find("working folder").advice


def test_a_folder_that_takes_no_file_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "is_writable", lambda folder: False)
    assert "not writable" in find("temporary folder").value


def test_whether_a_folder_takes_files_is_found_out_by_trying(tmp_path):
    assert is_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not is_writable(tmp_path / "nothing")


def test_the_home_folder_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    assert find("model cache").value.startswith("~/cache:")
    assert str(tmp_path) not in find("model cache").value


@pytest.mark.parametrize(
    ("limit", "total"), [(None, 64 * GIB), (8 * GIB, 8 * GIB), (99 * GIB, 64 * GIB)]
)
def test_a_container_s_limit_counts_where_it_is_lower(monkeypatch, limit, total):
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    monkeypatch.setattr(doctor, "_read_available_memory", lambda: 50 * GIB)
    monkeypatch.setattr(doctor, "_read_container_limit", lambda: limit)
    available, found = doctor.measure_memory()
    assert found == total
    assert available == min(50 * GIB, total)
