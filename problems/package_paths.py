"""Where splitbench's own files are, in a checkout and where it is installed."""

from pathlib import Path

_PROBLEMS = Path(__file__).parent
#: Data that ships with `splitbench.problems`.
DATA = _PROBLEMS / "data"
#: The folder `splitbench`.
PACKAGE = _PROBLEMS.parent
#: The folder to put on a subprocess's path so that it imports this splitbench.
IMPORT_ROOT = PACKAGE.parent
#: Reference results that ship with `splitbench.results`.
REFERENCE = PACKAGE / "results" / "reference"
