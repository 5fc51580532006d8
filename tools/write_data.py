"""Regenerate shipped data from its sources: `python tools/write_data.py schemas|fits|sun|networks`.

schemas: JSON Schemas of the file formats. fits: Eq. 7 fitted to the shipped sweeps. sun: the
shipped days as parsed CSV. networks: layer tables traced from the architectures (needs torch;
names of single networks may follow).
"""

from __future__ import annotations

import sys

from splitbench.problems.files.json_schemas import write_schemas


def main(words: list[str]) -> None:
    """Write the kind of data that the first word names."""
    kind, *rest = words or [""]
    if kind == "schemas":
        for path in write_schemas():
            print(path)
    elif kind == "fits":
        from splitbench.problems.latency.fits.shipped_fits import write_fits

        write_fits()
    elif kind == "sun":
        from splitbench.problems.sun.shipped_days import write_days

        write_days()
    elif kind == "networks":
        from splitbench.problems.networks.tracing.make_tables import write_tables

        for path in write_tables(rest):
            print(path)
    else:
        sys.exit(f"got {kind!r}; expected schemas, fits, sun or networks")


if __name__ == "__main__":
    main(sys.argv[1:])
