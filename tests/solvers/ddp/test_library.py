"""The digest of the code that determines a training, by which short trainings are stored."""

from __future__ import annotations

from splitbench.problems.package_paths import PACKAGE
from splitbench.solvers.ddp.policies.library import _TRAINING_CODE
from tests.test_architecture import IMPORTS, KNOWN

#: Imported by training to read and write files and to say what is wrong; no outcome depends on it.
FILES_ONLY = (
    "splitbench.problems.files.",
    "splitbench.solvers.contract",
    "splitbench.solvers.ddp.policies.library",
    "splitbench.solvers.ddp.policies.policy_file",
)


def test_the_digest_covers_what_training_imports() -> None:
    """Every module that a training imports, directly or not, is in the digest of its code."""
    left, seen = ["splitbench.solvers.ddp.training.session"], set()
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += IMPORTS[name]
    covered = {path.resolve() for pattern in _TRAINING_CODE for path in PACKAGE.glob(pattern)}
    missing = [name for name in sorted(seen) if KNOWN[name].resolve() not in covered]
    assert not [name for name in missing if not name.startswith(FILES_ONLY)]
