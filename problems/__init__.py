"""What is solved: the model of one slot, its data, and slots in time.

Sub-rooms: `files` (JSON formats), `horizon` (slots in time), `latency` (thread curves and fits),
`networks` (DNN layers), `suites` (named suites), `sun` (irradiance). Imports no other room.
"""

if __name__ == "problems":
    raise ImportError("problems is a room of splitbench; import splitbench.problems")

from splitbench.problems.equations import linear_local_s, linear_server_share
from splitbench.problems.errors import InputError, SplitbenchError, UnknownNameError
from splitbench.problems.files.slot_file import (
    instance_dict,
    load_instance,
    save_instance,
)
from splitbench.problems.fleet import Device, Fleet
from splitbench.problems.formulation import UNSERVED_UTILITY, Formulation
from splitbench.problems.horizon.episode_view import EpisodeView
from splitbench.problems.horizon.horizon import Horizon, load_horizon, save_horizon
from splitbench.problems.horizon.simulation import Simulation
from splitbench.problems.outcome import CONSTRAINTS, HIBERNATE, Outcome, Violation
from splitbench.problems.slot import SlotProblem
from splitbench.problems.thread_curves import Exp2Curve, TableCurve, ThreadCurve

__all__ = [
    "CONSTRAINTS",
    "HIBERNATE",
    "UNSERVED_UTILITY",
    "Device",
    "EpisodeView",
    "Exp2Curve",
    "Fleet",
    "Formulation",
    "Horizon",
    "InputError",
    "Outcome",
    "Simulation",
    "SlotProblem",
    "SplitbenchError",
    "TableCurve",
    "ThreadCurve",
    "UnknownNameError",
    "Violation",
    "instance_dict",
    "linear_local_s",
    "linear_server_share",
    "load_horizon",
    "load_instance",
    "save_horizon",
    "save_instance",
]
