"""Why Algorithm 2 as printed does not learn to cut well: Q over one device's action.

Item `ddp` of `splitbench paper`. It trains the printed form and `ddp` again, because a policy file
has no critic. It is therefore made only if it is named.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from splitbench.benchmark.paper.ddp_forms import PRINTED
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.training import Training
from splitbench.problems.arrays import Floats
from splitbench.problems.batch import BatchModel, Slots
from splitbench.solvers.threads.batch_threads import allocate_batch

SUITE = "paper-5g"
#: Whose action is varied: VGG-16 on the Orin NX, whose cuts differ most.
DEVICE = 0
EPISODES, QUICK_EPISODES = 320, 64
_POINTS = 801


def cliffs(request: PaperRequest) -> PaperResult:
    """Draw utility and Q over a device's action, and the actor's choice."""
    from splitbench.results.figures.learning_figures import draw_action_values

    episodes = QUICK_EPISODES if request.quick else EPISODES
    panels, rows = [], []
    for title, name in (("as printed", PRINTED), ("ddp", "ddp")):
        parameter = f"episodes={episodes}"
        training = Training.asked(name, SUITE, [parameter], None, None)
        panel, row = _values(training, title, request.seeds[0])
        panels.append(panel)
        rows.append({"form": title, **row})
    title = f"{SUITE}, first slot of seed {request.seeds[0]}, device {DEVICE}"
    figures = draw_action_values(panels, request.out / "ddp", title)
    notes = [
        "the step curve is U with TA's threads; each step is a layer, and Eq. 19 gives all layers "
        "steps of one width, so a good cut is a narrow step beside deep ones",
        "Q as printed is a smooth function of tanh P and rounds the steps off; its gradient at the "
        "actor's output points along this smooth curve and not to the best step",
        f"{episodes} training episodes each",
    ]
    return PaperResult(
        "ddp", "Why DDP as printed fails", rows, notes, figures, command=request.command("ddp")
    )


def _values(training: Training, title: str, seed: int) -> tuple[Any, dict[str, Any]]:
    """Train, and return the values over the device's action in the first slot of a horizon."""
    import torch

    from splitbench.problems.suites.named_suites import make_suite
    from splitbench.results.figures.learning_figures import ActionValues
    from splitbench.solvers.ddp.training.ddpg import Ddpg
    from splitbench.solvers.ddp.training.session import Session

    session = Session(training.kind, training.scenario, training.parameters)
    session.run()
    trainer = session.trainer
    assert isinstance(trainer, Ddpg)
    horizon = make_suite(SUITE).horizon(seed, 1)
    problem = horizon.slot(0, horizon.battery_start_j)
    model = BatchModel.of(problem)
    state = torch.from_numpy(trainer.observe(Slots.of(problem)))
    grid = np.linspace(-1.0, 1.0, _POINTS)
    with torch.no_grad():
        held = trainer.action_of(trainer.actor(state))
        action = held.repeat(_POINTS, 1)
        action[:, DEVICE] = torch.from_numpy(grid).float()
        critic = trainer.critic(state.repeat(_POINTS, 1), action).numpy().astype(np.float64)
    partition = trainer.actions.decode(action.numpy(), trainer.settings.mapping)
    utility: Floats = allocate_batch(model, Slots.of(problem, _POINTS), partition).utility
    chosen = float(held[0, DEVICE])
    own = trainer.actions.decode(held.numpy(), trainer.settings.mapping)
    earned = float(allocate_batch(model, Slots.of(problem), own).utility[0])
    fall = int(np.argmin(np.diff(utility)))
    row = {
        "layers": int(trainer.actions.sizes[DEVICE]),
        "deepest fall from": float(utility[fall]),
        "to": float(utility[fall + 1]),
        "best utility over this device's action": float(utility.max()),
        "utility at the actor's choice": earned,
        "root mean square of Q - U": float(np.sqrt(np.mean((critic - utility) ** 2))),
    }
    return ActionValues(f"{title}: {training.parameters.episodes} episodes", grid, utility, critic,
                        chosen), row  # fmt: skip
