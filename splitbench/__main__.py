"""`python -m splitbench` is the command `splitbench`."""

import os
import sys

if __name__ == "__main__":
    # `python -m` searches the working directory first: a `profile.py` there would be imported
    # in place of the standard library's. As under the command `splitbench`, it is not searched.
    if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
        del sys.path[0]
    from splitbench.benchmark.cli import main

    sys.exit(main())
