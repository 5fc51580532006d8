"""Where splitbench's own files are, and how to start a module of ours in a process of its own."""

import sys
from pathlib import Path

_PROBLEMS = Path(__file__).parent
#: Data that ships with `splitbench.problems`.
DATA = _PROBLEMS / "data"
#: The folder `splitbench`.
PACKAGE = _PROBLEMS.parent
#: Reference results that ship with `splitbench.results`.
REFERENCE = PACKAGE / "results" / "reference"

# Our root is searched first for `splitbench` itself and last for everything else: in a checkout
# it holds the rooms, whose names (`problems`, `results`) may be those of the user's own modules.
_START = """\
import sys
root, name = sys.argv[1:3]
del sys.argv[1:3]
sys.path.insert(0, root)
import splitbench
sys.path.remove(root)
sys.path.append(root)
import runpy
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""


def module_command(name: str) -> list[str]:
    """Return the command that runs the module `name` of this splitbench in a new process.

    No module of the working directory can be imported in place of another (`-P`).
    """
    return [sys.executable, "-P", "-c", _START, str(PACKAGE.parent), name]
