"""The conformance suite catches each kind of fault, and passes what ships."""

import inspect

import pytest

from splitbench import make
from splitbench.benchmark.check.askers import InProcess
from splitbench.benchmark.check.conformance import Failure, verdicts
from splitbench.problems import Horizon, load_horizon, load_instance
from splitbench.solvers.registry import all_names
from tests.benchmark.check import broken

BROKEN = [
    member
    for _, member in inspect.getmembers(broken, inspect.isclass)
    if getattr(member, "fault", None)
]
LEARNED = ("ddp", "imitation")
#: Every solver, partitioner and allocator that ships, but what has to be trained first.
SHIPPED = [
    *(name for name in all_names() if "+" not in name),
    *(name for name in all_names() if name.endswith("+ta") and not name.startswith(LEARNED)),
    *(name for name in all_names() if name.startswith("dads+")),
]


def failures(make_solver) -> list[Failure]:
    """Properties that a solver fails."""
    found = [verdict.failure for verdict in verdicts(InProcess(make_solver))]
    return [failure for failure in found if failure is not None]


def test_there_are_enough_broken_solvers() -> None:
    """At least twelve faults are kept, and together they cover every property."""
    assert len(BROKEN) >= 12
    named = {verdict.property for verdict in verdicts(InProcess(lambda: make("exact")))}
    assert {member.fault for member in BROKEN} == named


@pytest.mark.parametrize("member", BROKEN, ids=lambda member: member.name)
def test_a_fault_is_named(member, tmp_path) -> None:
    """The right property fails first, with an instance that can be read back and fails again."""
    found = failures(member)
    assert found
    assert found[0].property == member.fault, [(one.property, one.why) for one in found]
    path = found[0].save(tmp_path)
    posed = load_horizon(path) if isinstance(found[0].instance, Horizon) else load_instance(path)
    assert len(posed) == len(found[0].instance)


@pytest.mark.slow
@pytest.mark.parametrize("name", [f"{name}+ta" for name in ("ddp", "ddp-shared", "imitation")])
def test_learned_solvers_pass(name: str) -> None:
    """Learned schemes have every property except those that they declare to lack."""
    assert not [(one.property, one.case, one.why) for one in failures(lambda: make(name))]


def test_a_declared_property_is_not_tested() -> None:
    """`sensitive_to` exempts from what it names, and from nothing else."""
    declared = type("Declared", (broken.SortsDevices,), {"sensitive_to": ("order",)})
    assert failures(declared) == []
    assert [one.property for one in failures(broken.SortsDevices)] == ["order"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_solvers_pass(name: str) -> None:
    """Shipped solvers have every property."""
    assert not [(one.property, one.case, one.why) for one in failures(lambda: make(name))]
