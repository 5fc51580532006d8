"""What is solved: the model of one slot, its data, and slots in time."""

from problems.episode_view import EpisodeView
from problems.errors import InputError, SplitbenchError, UnknownNameError
from problems.fleet import Device, Fleet, linear_local_s, linear_server_share
from problems.formulation import UNSERVED_UTILITY, Formulation
from problems.horizon import Horizon, load_horizon, save_horizon
from problems.instance import instance_dict, load_instance, parse_instance, save_instance
from problems.latency import Exp2Curve, TableCurve, ThreadCurve
from problems.outcome import CONSTRAINTS, HIBERNATE, Outcome, Violation
from problems.simulation import Simulation
from problems.slot import SlotProblem

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
    "parse_instance",
    "save_horizon",
    "save_instance",
]
