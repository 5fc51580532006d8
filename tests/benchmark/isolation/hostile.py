"""Solvers that attack the protocol, the model or their record. See `test_hostile`."""

import gc
import json
import os
import pickle
import struct
import threading
import time

import numpy as np

from splitbench import Solution

#: The player's socket, as a solver that has read our code knows it.
SOCKET = 3
TARGET = os.environ.get("SPLITBENCH_TEST_TARGET", "")


def good(problem, **claims):
    """Return a feasible decision."""
    return Solution(problem.layers, problem.even_threads(), **claims)


def send(fields, words=b"", body=b""):
    """Write a frame to the player's socket."""
    lengths = len(words), len(body)
    os.write(SOCKET, struct.pack("<IIIBBBddd", *lengths, *fields.values()) + words + body)


def answer(to, **changes):
    """Return the fixed fields of an answer as the protocol has them; status 1 is `feasible`."""
    fields = {
        "request": to, "kind": 0, "status": 1, "flags": 0,
        "bound": 0.0, "utility": 0.0, "seconds": 0.0,
    }  # fmt: skip
    return fields | changes


def request_number():
    """Return the number of the request that is being answered, by looking around."""
    from splitbench.benchmark.isolation import player_process

    services = [one for one in gc.get_objects() if type(one) is player_process._Service]
    return services[0]._number


class Good:
    """The honest solver whose row the others must not touch."""

    name = "good"

    def solve(self, problem):
        return good(problem)


class WritesUplink:
    """Makes the slot's arrays writeable and its uplinks a hundred times faster."""

    name = "writes-uplink"

    def solve(self, problem):
        for name in ("uplink_bps", "battery_j", "harvest_j"):
            array = getattr(problem, name)
            array.setflags(write=True)
            array *= 100.0
        return good(problem, utility=problem.evaluate(problem.layers, [1, 1, 1]).utility)


class WritesFleet:
    """Gives the devices more time and larger batteries."""

    name = "writes-fleet"

    def solve(self, problem):
        for name in ("deadline_s", "battery_max_j"):
            array = getattr(problem.fleet, name)
            array.setflags(write=True)
            array *= 10.0
        return good(problem)


class ReplacesJudge:
    """Replaces the judge and the model in memory."""

    name = "replaces-judge"

    def solve(self, problem):
        from splitbench.benchmark.referee import episode, verify

        fake = lambda *arguments, **more: verify.Verdict("optimal", None, 0.0)  # noqa: E731
        verify.judge = episode.judge = fake
        type(problem).evaluate = lambda self, *more: None
        return good(problem, status="optimal")


class ReplacesReference:
    """Replaces the exact reference by one that is worth nothing."""

    name = "replaces-reference"

    def solve(self, problem):
        from splitbench.benchmark.referee import episode
        from splitbench.solvers.exact.exact import Exact

        Exact.solve = lambda self, problem: Solution(None, None, "infeasible")
        episode.solve_reference = episode.references = lambda *arguments: None
        return good(problem)


class ReplacesClock:
    """Stops the clocks of its process, and takes a quarter of a second."""

    name = "replaces-clock"

    def solve(self, problem):
        time.perf_counter = time.monotonic = lambda: 0.0
        time.sleep(0.25)
        return good(problem)


class FinishedRecord:
    """Sends a finished record for itself, as the workers of old took it."""

    name = "finished-record"

    def solve(self, problem):
        record = {"status": "optimal", "utility_mean": 2.9, "slot_gap_mean": 0.0}
        send(answer(request_number(), kind=2), json.dumps(record).encode())
        return good(problem)


class RecordOfAnother:
    """Sends a line in the place of another solver's cell."""

    name = "record-of-another"

    def solve(self, problem):
        os.write(SOCKET, b'{"kind": "done", "record": {"key": {"solver": "exact"}}}\n')
        return good(problem)


class SlotThatIsNone:
    """Answers for a slot that does not exist, and dies."""

    name = "slot-that-is-none"

    def solve(self, problem):
        send(answer(10**6))
        os._exit(0)


class NoteRelaxes:
    """Says in its note that it relaxes something."""

    name = "note-relaxes"

    def solve(self, problem):
        return good(problem, note="relaxes my mind")


class RelaxesWords:
    """Relaxes constraints that do not exist, by the thousand."""

    name = "relaxes-words"

    def solve(self, problem):
        return good(problem, relaxes=tuple(f"constraint {n}" for n in range(100_000)))


class OddStatus:
    """Sends a status that is none."""

    name = "odd-status"

    def solve(self, problem):
        send(answer(request_number(), status=99))
        return good(problem)


class OddNumbers:
    """Sends an answer whose numbers are those of another fleet."""

    name = "odd-numbers"

    def solve(self, problem):
        send(answer(request_number(), flags=1), body=np.zeros(3).tobytes())
        return good(problem)


class NotANumber:
    """Claims a bound that is NaN, past the checks of its own process."""

    name = "not-a-number"

    def solve(self, problem):
        send(answer(request_number(), bound=float("nan")))
        return good(problem)


class NoTime:
    """Says that it took a time that no store could hold."""

    name = "no-time"

    def solve(self, problem):
        send(answer(request_number(), seconds=float("nan")))
        return good(problem)


class OtherWords:
    """Adds to its answer a field of the record."""

    name = "other-words"

    def solve(self, problem):
        send(answer(request_number()), b'{"utility_mean": 15.0}')
        return good(problem)


class DeepHeader:
    """Sends JSON that is nested as deep as a frame takes."""

    name = "deep-header"

    def solve(self, problem):
        send(answer(request_number()), b"[" * 60_000)
        return good(problem)


class PickleBomb:
    """Sends a pickle that would write a file where it is loaded."""

    name = "pickle-bomb"

    def solve(self, problem):
        class Bomb:
            def __reduce__(self):
                return os.mkdir, (TARGET + ".bomb",)

        send(answer(request_number()), pickle.dumps(Bomb()))
        return good(problem)


class LongFrame:
    """Begins a frame of four gigabytes."""

    name = "long-frame"

    def solve(self, problem):
        os.write(SOCKET, b"\xff" * 4096)
        return good(problem)


class HalfFrame:
    """Begins a frame and never ends it."""

    name = "half-frame"

    def solve(self, problem):
        os.write(SOCKET, struct.pack("<II", 100, 0) + b"{")
        time.sleep(3600)


class EndlessIncumbents:
    """Publishes incumbents without end."""

    name = "endless-incumbents"

    def solve(self, problem, context):
        while True:
            context.publish(good(problem))


class Repeated:
    """Answers twice."""

    name = "repeated"

    def solve(self, problem):
        decision = np.array([problem.layers, problem.even_threads()], dtype="<i8").tobytes()
        send(answer(request_number(), flags=1), body=decision)
        return good(problem)


class Early:
    """Answers slots before they are posed."""

    name = "early"

    def solve(self, problem):
        number = request_number()
        decision = np.array([problem.layers, problem.even_threads()], dtype="<i8").tobytes()
        for ahead in range(3):
            send(answer((number + ahead) % 2**32, flags=1), body=decision)
        return good(problem)


class Late:
    """Leaves a thread that answers a request that is long answered."""

    name = "late"

    def solve(self, problem):
        number = request_number()

        def later():
            time.sleep(0.1)
            send(answer(number))

        threading.Thread(target=later, daemon=True).start()
        if problem.name.endswith("[1]"):
            time.sleep(3600)
        return good(problem)


class Overflows:
    """Hands out so many threads that their sum is K again."""

    name = "overflows"

    def solve(self, problem):
        huge = [2**62, 2**62, 2**63 - 2**62 - 1]
        return Solution(np.zeros(3, dtype=int), np.array(huge, dtype=np.int64))


class SeesFuture:
    """Looks for the future of the horizon wherever a solver could find it."""

    name = "sees-future"

    def start(self, horizon):
        from splitbench.problems import Horizon

        if horizon._future is not None:
            raise RuntimeError("the future is in the view")
        if any(isinstance(one, Horizon) for one in gc.get_objects()):
            raise RuntimeError("the future is in memory")
        horizon.oracle()

    def solve(self, problem):
        return good(problem)


class ClaimsFuture:
    """Declares that it needs the future, which the record says."""

    name = "claims-future"
    clairvoyant = True

    def start(self, horizon):
        assert len(horizon.oracle().threads) == horizon.slots

    def solve(self, problem):
        return good(problem)


class DeniesSupport:
    """Supports the devices until the slots get hard."""

    name = "denies-support"

    def solve(self, problem):
        if problem.name.endswith("[0]"):
            return good(problem)
        return Solution(None, None, "unsupported", note="too hard")


class DeniesFeasibility:
    """Claims that a slot has no decision."""

    name = "denies-feasibility"

    def solve(self, problem):
        return Solution(None, None, "infeasible")


class ReplacesProtocol:
    """Replaces what its process sends by something else."""

    name = "replaces-protocol"

    def solve(self, problem):
        from splitbench.benchmark.isolation import player_process

        player_process.answer_bytes = lambda kind, number, answer: b"\x00" * 64
        return good(problem)
