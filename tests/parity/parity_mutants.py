"""Faults planted in the kernels' own sources: a copy of the package with one line changed, run without compilation.

The reference stands beside it unchanged. A fault whose line is not found any more is an error: the line moved, and the
fault must move with it.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A line of a kernel, what it becomes, and a seed whose scenario shows it under an engine."""

    file: str
    line: str
    planted: str
    seed: int
    engine: str = "fast"


MUTANTS: dict[str, Mutant] = {
    "a jump cut by an arrival or an outer event runs one pass too far": Mutant(
        "ending.py",
        "rep.steps = steps_until(rep.first, rep.growth, t - rep.start, rep.steps)",
        "rep.steps = min(rep.steps, 1 + steps_until(rep.first, rep.growth, t - rep.start, rep.steps))",
        3,
    ),
    "a jump to a limit runs one pass too far": Mutant(
        "forming.py",
        "steps = steps_until(rep.first, rep.growth, rep.run_limit - rep.start, steps)",
        "steps = min(steps, 1 + steps_until(rep.first, rep.growth, rep.run_limit - rep.start, steps))",
        3,
    ),
    "a request completes one token late": Mutant(
        "lane.py",
        "slot.done = rep.beat + slot.prompt + slot.output - slot.n",
        "slot.done = rep.beat + slot.prompt + slot.output - slot.n + 1",
        3,
    ),
    "the router sees a pass that ends at its instant": Mutant(
        "core.py",
        "choose(s, v, t, t - 1)",
        "choose(s, v, t, t)",
        7,
        "loop",
    ),
    "patience is not called off by the first token": Mutant(
        "queues.py",
        "return min(limit, slot.patience) if slot.first_token == NEVER else limit",
        "return min(limit, slot.patience)",
        3,
        "loop",
    ),
    "one picosecond more a pass": Mutant(
        "stretch.py",
        "return k * first + growth * (k * (k - 1) // 2)",
        "return k * first + growth * (k * (k - 1) // 2) + 1",
        3,
        "loop",
    ),
    "one block too many comes back at the end": Mutant(
        "queues.py",
        "return ((slot.n if slot.reading != 0 else slot.c) + 15) >> 4",
        "return ((slot.n if slot.reading != 0 else slot.c) + 16) >> 4",
        3,
        "loop",
    ),
    "a sequence that still reads gives back only the blocks of what it has read": Mutant(
        "queues.py",
        "return ((slot.n if slot.reading != 0 else slot.c) + 15) >> 4",
        "return (slot.c + 15) >> 4",
        3,
        "loop",
    ),
    "the wait of those left out of a pass is not in their gaps": Mutant(
        "lane.py",
        "pause = rep.start - rep.landed",
        "pause = 0",
        3,
    ),
    "a sequence left out of a pass joins those that decode in step one pass early": Mutant(
        "ending.py",
        "if rep.paused == 0 and rep.suffix == v:",
        "if rep.suffix == v or rep.paused != 0:",
        3,
        "loop",
    ),
    "a jump goes on where the next entry of the table begins": Mutant(
        "cost.py",
        "return min(most, (-mean & 63) + 1)",
        "return min(most, (-mean & 63) + 2)",
        27,
    ),
    "a jump uses the last free block": Mutant(
        "lane.py",
        "left = rep.free + lanes[r, -rep.beat & 15] - s.types[rep.type].spare",
        "left = rep.free + lanes[r, -rep.beat & 15]",
        3,
    ),
    "the lane gives up one more than it must": Mutant(
        "forming.py",
        "while rep.lane > 0 and s.lanes[r, -rep.beat & 15] > rep.free:",
        "while rep.lane > 0 and s.lanes[r, -rep.beat & 15] >= rep.free:",
        23,
        "loop",
    ),
    "whoever completes is looked for one beat late": Mutant("lane.py", "beat = rep.beat + 1", "beat = rep.beat + 2", 3),
    "an admission leaves one block less": Mutant(
        "forming.py",
        "rep.free - ((s.slots[v].n + 15) >> 4) >= kind.watermark",
        "rep.free - ((s.slots[v].n + 15) >> 4) >= kind.watermark - 1",
        3,
        "loop",
    ),
    "the root of the chunks is cut off": Mutant(
        "cost.py",
        "return root + 1 if square - root * root > root else root",
        "return root",
        3,
        "loop",
    ),
    "the trees do not hear of a request that comes": Mutant("routing.py", "        note(s, r)", "        pass", 0),
    "the highest of equal loads": Mutant(
        "trees.py",
        "while table[at + k] != least:\n            k += 1",
        "k += 7\n        while table[at + k] != least:\n            k -= 1",
        0,
    ),
    "a snapshot sees the passes that end at its instant": Mutant(
        "looking.py", "bring_all(s, instant, instant - 1)", "bring_all(s, instant, instant)", 23
    ),
    "who leaves the queue leaves its work behind": Mutant(
        "ending.py", "    s.replicas[r].work -= s.slots[v].work\n    wait_remove", "    wait_remove", 76
    ),
    "a draw that equals a sum of weights goes to who is before": Mutant(
        "routing.py", "if table[at + middle] > number:", "if table[at + middle] >= number:", 0
    ),
    "the limit of requests is not looked at": Mutant(
        "arriving.py", "if max(requests, tokens) > t + MINUTE_PS:", "if tokens > t + MINUTE_PS:", 147
    ),
    "limits stay behind when the origin moves": Mutant(
        "core.py", "s.tables[at + REQUEST_NEXT] = moved(s.tables[at + REQUEST_NEXT], delta)", "pass", 109
    ),
    "snapshots stay behind when the origin moves": Mutant(
        "core.py", "s.engine[0].look = moved(s.engine[0].look, delta)", "pass", 0
    ),
    "a router that looks is asked before its turn": Mutant(
        "turns.py", "blind(engine)", "engine.router != 99", 7, "turns"
    ),
    "a replica's arrivals come in the wrong order": Mutant(
        "turns.py", "for i in range(last - 1, first - 1, -1):", "for i in range(first, last):", 7, "turns"
    ),
    "turns without the limits of classes": Mutant(
        "turns.py", "s.engine[0].limited != 0 and", "s.engine[0].limited > 1 and", 147, "turns"
    ),
    "limits that fall from head to tail count as in order": Mutant(
        "queues.py", "not before <= level(slot) <= behind", "False", 0
    ),
    "an end of limits leaves them in order whatever it saw": Mutant("ending.py", "mixed = 1", "mixed = 0", 1),
    "preempted ones count as in order wherever they wait": Mutant(
        "queues.py",
        "slot.limit if slot.held == 0 else -NEVER",
        "slot.limit if slot.held == 0 else NEVER",
        71,
    ),
    "who stands behind a preempted one is not asked": Mutant(
        "ending.py", "rep.mixed == 0 and slot.held == 0", "rep.mixed == 0", 0
    ),
    "broken connections are not heard": Mutant(
        "arriving.py",
        "slot.disconnect = t + request.disconnect if request.disconnect < request.deadline else NEVER",
        "slot.disconnect = NEVER",
        3,
    ),
    "a broken connection counts as a deadline": Mutant(
        "queues.py",
        "return DEADLINE if slot.deadline <= slot.disconnect else DISCONNECTED",
        "return DEADLINE",
        3,
        "loop",
    ),
    "a cached prefix is computed": Mutant("arriving.py", "slot.cached = request.cached", "slot.cached = 0", 3, "loop"),
    "a cached block that is not whole counts": Mutant(
        "forming.py",
        "return min(max(again, slot.cached >> 4)",
        "return min(max(again, (slot.cached + 15) >> 4)",
        3,
        "loop",
    ),
    "a region where nobody is live": Mutant(
        "../serving/rows.py", "np.where(counts > 0, ", "np.where(counts >= 0, ", 136
    ),
}


def outcome(mutant: Mutant, folder: Path) -> str:
    """What the comparison says of a mutant written into an empty folder."""
    shutil.copytree(ROOT / "sim", folder / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    source = folder / "sim" / "kernels" / mutant.file
    text = source.read_text()
    if text.count(mutant.line) != 1:
        raise ValueError(
            f"{mutant.file} has {text.count(mutant.line)} lines '{mutant.line}'; must have one to plant a fault in"
        )
    source.write_text(text.replace(mutant.line, mutant.planted))
    return compare(folder, (mutant.seed,), mutant.engine)


def compare(package: Path, seeds: Iterable[int], *engines: str) -> str:
    """The comparison of scenarios in a process of its own, without compilation, with `sim` from that folder."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(package)}
    player = str(Path(__file__).with_name("parity_play.py"))
    command = [sys.executable, player, ",".join(map(str, seeds)), *engines]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    return done.stdout + done.stderr


def assert_told(mutant: Mutant, said: str) -> None:
    """What the comparison said is a difference told in words, not a crash of the changed line.

    Without the fault the same scenario is equal (`test_it_holds_without_compilation`).
    """
    assert said.startswith(f"jit off\nseed {mutant.seed} {mutant.engine}: "), said
    assert "against" in said or "|" in said, said
    assert "equal" not in said and "Traceback" not in said, said
