"""A class: its folder, its settings, who is in it, and who may work on it now."""

from autograde.classroom.folder import EXPLANATIONS, FOLDERS, Classroom, check_name
from autograde.classroom.roster import Roster, Student
from autograde.classroom.settings import Settings

__all__ = [
    "EXPLANATIONS",
    "FOLDERS",
    "Classroom",
    "Roster",
    "Settings",
    "Student",
    "check_name",
]
