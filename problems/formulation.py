"""Formulation switches: which reading of the paper's equations is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from splitbench.problems.errors import InputError

EnergyTerm = Literal["residual", "paper"]
EnergyScope = Literal["slot", "task"]
Hibernation = Literal["forbidden", "allowed"]

#: Utility of a device in a slot in which it hibernates or a constraint is broken. Eq. 12 is a hard
#: constraint over a horizon, so the value is far below what a served slot earns (at most 1).
UNSERVED_UTILITY = -10.0


@dataclass(frozen=True)
class Formulation:
    """One reading of the model: consistent by default, the other values as the paper prints it.

    Attributes
    ----------
    energy_term
        Energy part of Eq. 10: `residual` rewards the next charge, E(t+1)/E_max; `paper` is as
        printed, (E_max − E(t))/E_max, which is depletion and which no decision of t can change.
    energy_scope
        Eq. 5 prints the energy of one `task`; Eq. 4 needs that of a `slot`, λ·τ tasks.
    hibernation
        Whether a device may hibernate for a slot (partition −1). Always allowed over a horizon.
    """

    energy_term: EnergyTerm = "residual"
    energy_scope: EnergyScope = "slot"
    hibernation: Hibernation = "forbidden"

    def __post_init__(self) -> None:
        accepted = {
            "energy_term": get_args(EnergyTerm),
            "energy_scope": get_args(EnergyScope),
            "hibernation": get_args(Hibernation),
        }
        for switch, values in accepted.items():
            if getattr(self, switch) not in values:
                raise InputError(
                    f"formulation.{switch}: got {getattr(self, switch)!r}; "
                    f"expected {' or '.join(values)}"
                )

    @property
    def hibernation_allowed(self) -> bool:
        """Whether partition −1 is a choice."""
        return self.hibernation == "allowed"
