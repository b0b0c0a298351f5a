"""Tasks are found by their ids; a fault in one notebook's tasks stops no other's."""

from __future__ import annotations

import pytest
from prompt_or_tune.checks.registry import TaskError, find_graded_task, list_graded_tasks

from tests.tiny_course import DOUBLE, HALVE


def test_a_task_is_found_by_its_id(make_course):
    make_course(first=(DOUBLE,), second=(HALVE,))
    assert find_graded_task("halve") is HALVE
    assert list_graded_tasks() == (DOUBLE, HALVE)


def test_an_unknown_id_is_answered_with_those_that_there_are(make_course):
    make_course(first=(DOUBLE,), second=(HALVE,))
    with pytest.raises(TaskError, match=r"no task 'dubble'; there are double, halve\."):
        find_graded_task("dubble")


def test_a_broken_module_of_tasks_stops_no_other_notebook(make_course):
    make_course(broken=None, second=(HALVE,))
    assert find_graded_task("halve") is HALVE
    with pytest.raises(TaskError, match="could not be read: 00_broken"):
        find_graded_task("double")
