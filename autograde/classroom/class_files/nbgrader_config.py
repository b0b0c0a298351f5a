"""How nbgrader works on this class; made by `autograde init`."""

from pathlib import Path

from autograde.routing import configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# Students' code runs in autograde's sandbox only, whichever button is pressed.
configure(c, Path(__file__).parent)

# Settings of your own follow here.
