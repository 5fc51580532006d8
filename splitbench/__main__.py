"""`python -m splitbench` is the command `splitbench`."""

import sys

from splitbench.benchmark.cli import main

if __name__ == "__main__":
    sys.exit(main())
