"""Print pip constraints that hold every dependency at its floor: `python tools/floors.py`.

A floor is the version that pyproject.toml names after `>=` or `==`. `make test-floors` installs
them.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[[^\]]*\])?[>=]=(?P<floor>[\w.]+)")


def floors(pyproject: Path) -> list[str]:
    """Return a line `name==floor` for each dependency, those of extras included.

    Raises
    ------
    ValueError
        A dependency without a floor.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += [one for one in extra if not one.startswith(f"{project['name']}[")]
    lines = []
    for requirement in wanted:
        match = _REQUIREMENT.match(requirement)
        if match is None:
            raise ValueError(f"{pyproject}: {requirement!r} names no floor; expected name>=version")
        lines.append(f"{match['name']}=={match['floor']}")
    return lines


if __name__ == "__main__":
    print("\n".join(floors(Path(__file__).parent.parent / "pyproject.toml")))
