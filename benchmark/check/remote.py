"""Ask a solver in separate processes, so that one that hangs or dies does not stop the check.

`python -m splitbench.benchmark.check.remote NAME` answers questions, a line of JSON each.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any

import numpy as np

from splitbench.benchmark.check.askers import Answer, InProcess
from splitbench.problems import Horizon, InputError, SlotProblem, instance_dict
from splitbench.problems.files.slot_file import instance_from
from splitbench.problems.package_paths import module_command
from splitbench.solvers import Solution, make

#: Seconds after which a question is abandoned.
PATIENCE_S = 20.0


class SeparateProcesses:
    """Asks the solver of a name in one process for each hash seed; a context manager."""

    separate_processes = True

    def __init__(self, name: str):
        self._name = name
        self._processes: dict[int, _Process] = {}

    def __enter__(self) -> SeparateProcesses:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.end()

    def declared(self) -> tuple[str, ...]:
        """Properties that the solver declares not to have."""
        return tuple(self._said({"declared": True}, 0).get("declared", ()))

    def ask(
        self, problem: SlotProblem, seed: int = 0, limit_s: float | None = None, hash_seed: int = 0
    ) -> Answer:
        """Put one slot to a fresh solver; it is stopped after `PATIENCE_S`."""
        question = {"instance": instance_dict(problem), "seed": seed, "limit_s": limit_s}
        return _answer_from(self._said(question, hash_seed))

    def play(self, horizon: Horizon, seed: int = 0, episodes: int = 1) -> list[list[Answer]]:
        """Run a fresh solver through a horizon, `episodes` times in a row."""
        from splitbench.problems.horizon.horizon import horizon_dict

        question = {"horizon": horizon_dict(horizon), "seed": seed, "episodes": episodes}
        said = self._said(question, 0)
        if "episodes" not in said:
            return [[_answer_from(said)]] * episodes
        return [[_answer_from(one) for one in episode] for episode in said["episodes"]]

    def _said(self, question: dict[str, Any], hash_seed: int) -> dict[str, Any]:
        if hash_seed not in self._processes:
            self._processes[hash_seed] = _Process(self._name, hash_seed)
        started = time.monotonic()
        said = self._processes[hash_seed].said(question)
        if said is None:
            self._processes.pop(hash_seed).end()
            seconds = time.monotonic() - started
            why = "its process ended" if seconds < PATIENCE_S else "it gave no answer"
            return {"error": f"{why} after {seconds:.1f} s", "seconds": seconds}
        return said


class _Process:
    """One answering process, with a thread that reads its output."""

    def __init__(self, name: str, hash_seed: int):
        self._process = subprocess.Popen(
            [*module_command("splitbench.benchmark.check.remote"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def said(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """Ask; None where no answer comes in time."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._lines.get(timeout=PATIENCE_S)
        except (OSError, queue.Empty):
            return None
        answer: dict[str, Any] | None = json.loads(line) if line else None
        return answer

    def end(self) -> None:
        """Kill the process and what it started."""
        import psutil

        try:
            children = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        self._process.kill()
        for child in children:
            if child.is_running():
                child.kill()
        self._process.communicate()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")


def main(name: str) -> None:
    """Answer questions from stdin until it ends; discard what the solver prints."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    questions = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    asker = InProcess(lambda: make(name))
    for line in questions:
        answers.write(json.dumps(_replied(asker, json.loads(line))) + "\n")
        answers.flush()


def _replied(asker: InProcess, question: dict[str, Any]) -> dict[str, Any]:
    from splitbench.problems.horizon.horizon import horizon_from

    if "declared" in question:
        return {"declared": list(asker.declared())}
    if "horizon" in question:
        horizon = horizon_from(question["horizon"], "check")
        played = asker.play(horizon, question["seed"], question["episodes"])
        return {"episodes": [[_answer_object(one) for one in episode] for episode in played]}
    problem = instance_from(question["instance"], "check")
    return _answer_object(asker.ask(problem, question["seed"], question["limit_s"]))


def _answer_object(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON."""
    found = answer.solution
    said: dict[str, Any] = {
        "seconds": answer.seconds,
        "error": answer.error,
        "changed": answer.changed,
    }
    if found is None:
        return said
    return said | {
        "partition": _array_object(found.partition),
        "threads": _array_object(found.threads),
        "status": str(found.status),
        "bound": None if found.bound is None else float(found.bound),
        "utility": None if found.utility is None else float(found.utility),
        "relaxes": list(found.relaxes),
        "note": str(found.note),
    }


def _answer_from(said: dict[str, Any]) -> Answer:
    solution = None
    if "status" in said:
        solution = Solution(
            _array_from(said["partition"]),
            _array_from(said["threads"]),
            said["status"],
            said["bound"],
            tuple(said["relaxes"]),
            said["note"],
            utility=said["utility"],
        )
    return Answer(solution, said["seconds"], said["error"], said.get("changed", False))


def _array_object(values: Any) -> Any:
    if values is None:
        return None
    array = np.asarray(values)
    return {"kind": str(array.dtype), "values": array.tolist()}


def _array_from(said: Any) -> Any:
    return None if said is None else np.array(said["values"], dtype=said["kind"])


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except InputError as error:
        sys.exit(str(error))
