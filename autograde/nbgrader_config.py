"""How nbgrader treats this course. A class's own file can `load_subconfig` this one."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# A function that is not written yet gives None: the check can say so, where an
# exception would stop at the first line.
c.ClearSolutions.code_stub = {"python": "pass  # your code here"}

# Seconds for one cell. The default, 30, fails honest answers on a busy machine.
c.Execute.timeout = 120

# What only demonstrates takes most of the time, and earns no points.
c.Execute.skip_cells_with_tag = "demonstration"
