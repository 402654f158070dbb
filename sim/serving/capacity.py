"""How many requests a replica serves in the long run, from its cost tables alone: no engine, no requests.

Assumed, and tested against saturated runs of an engine: a queue that never empties; every request has the mean prompt, and
the mean output up to `output_cv`; passes differ only in whether they hold prefill; no preemption, failure or patience.
Under `prefill_first` a pass holds prompts or decodes, never both: its round is one pass of decodes and, as often as requests
complete, passes of prompts between two of them.
Where memory binds, preemptions make the truth a few percent less; with very unequal lengths up to about 15 %.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from sim.serving.contract import BLOCK_TOKENS, GridCost, LinearCost, ReplicaType
from sim.units import PS_PER_S

_STATES = 96  # of a speed curve, between which it is straight
_STEPS = 60  # halvings: the answer is exact to the last bits of a float


@dataclasses.dataclass(frozen=True)
class Steady:
    """A replica's steady state: requests served a second, decodes in a pass, seconds a pass, sequences in a pass.

    `pass_s` is the time from one token of a decode to its next; under `prefill_first` the prompts' passes in between count in.
    """

    rps: float
    decodes: float
    pass_s: float
    sequences: float


def capacity_rps(
    rtype: ReplicaType, mean_prompt: float, mean_output: float, tpot_slo_s: float | None = None, output_cv: float = 0.0
) -> float:
    """Requests a second that one replica completes in steady state, within its memory and the TPOT target.

    `mean_prompt` and `mean_output` in tokens, >= 1; `output_cv` is the outputs' standard deviation over their mean. 0 if such a
    request does not fit, or if even a lone one misses the target.
    """
    return steady_state(rtype, mean_prompt, mean_output, tpot_slo_s, output_cv).rps


def steady_state(
    rtype: ReplicaType, mean_prompt: float, mean_output: float, tpot_slo_s: float | None = None, output_cv: float = 0.0
) -> Steady:
    """The largest steady state within KV blocks, `max_num_seqs`, `max_batched_tokens` and the TPOT target.

    Unknown is x, the requests admitted a pass (a round under `prefill_first`); as many complete. Each decodes in output - 1
    passes, so that a pass holds x * (output - 1) decodes, and every bound grows with x: the largest x within all bounds is
    found by halving.
    """
    load = _load(rtype, mean_prompt, mean_output, output_cv)
    most = load.largest(tpot_slo_s) if load.fits() else 0.0
    return load.state(most) if most > 0 else Steady(0.0, 0.0, math.inf, 0.0)


def speed_curve(rtype: ReplicaType, mean_prompt: float, mean_output: float, output_cv: float = 0.0) -> np.ndarray:
    """Requests a second that one replica completes while it holds n = 1, 2, ... sequences: float[most], empty if none fits.

    The steady states between a lone request and the largest, at whole numbers of sequences.
    """
    load = _load(rtype, mean_prompt, mean_output, output_cv)
    most = load.largest(None) if load.fits() else 0.0
    if most <= 0:
        return np.zeros(0)
    # Admissions a pass with which a pass holds one sequence: fewer are a lone request's, with time between.
    lone = min(1.0 / (mean_output - 1 + load.chunks(0.0)), most)
    states = [load.state(float(admitted)) for admitted in np.geomspace(lone, most, _STATES)]
    held = np.array([max(state.sequences, 1.0) for state in states])
    whole = np.arange(1, max(int(held[-1]), 1) + 1)
    return np.interp(whole, held, [state.rps for state in states])


def _load(rtype: ReplicaType, prompt: float, output: float, output_cv: float) -> _Load:
    if min(prompt, output) < 1:
        raise ValueError(f"mean_prompt {prompt} and mean_output {output} found; both must be 1 token or more")
    kind = _Rounds if rtype.scheduler == "prefill_first" else _Load
    return kind(rtype, prompt, output, output_cv)


class _Lines:
    """Mean attention of a pass in picoseconds, from lines."""

    def __init__(self, cost: LinearCost) -> None:
        self.cost = cost

    def of_decodes(self, decodes: float, context: float) -> float:
        """Of a pass of decodes alone, `context` tokens each."""
        return self.cost.a0 + self.cost.a1 * decodes + self.cost.a2 * (decodes * context)

    def of_both(self, decodes: float, context: float, prefill: float, prefills: float, prompt: float) -> float:
        """Of a pass with `prefill` tokens of `prefills` prompts of length `prompt`.

        sum k(2c + k) over the chunks of a prompt is prompt^2 however it is cut.
        """
        cost, pairs = self.cost, prefill * prompt
        return cost.m0 + cost.m1 * decodes + cost.m2 * (decodes * context) + cost.m3 * prefill + cost.m4 * pairs / 2048


class _Tables:
    """The same from tables, between whose entries it is straight."""

    def __init__(self, cost: GridCost) -> None:
        self.cost = cost

    def of_decodes(self, decodes: float, context: float) -> float:
        """A context fills half of its last 64 tokens on average; none without decodes."""
        return _within(self.cost.decode, decodes, context / 64 + 0.5) if decodes > 0 else 0.0

    def of_both(self, decodes: float, context: float, prefill: float, prefills: float, prompt: float) -> float:
        """Prompts are cut into equal chunks, half of the others before each on average: the root of the chunks' squares."""
        chunk = prefill / prefills
        held = max(0.0, prompt - chunk) / 2
        blocks = prefills * (held / 64 + (0.5 if held > 0 else 0.0))
        return self.of_decodes(decodes, context) + _within(self.cost.prefill, blocks, math.sqrt(prefills) * chunk)


class _Load:
    """What a pass holds and lasts when `admitted` requests enter a pass, one replica type and request."""

    def __init__(self, rtype: ReplicaType, prompt: float, output: float, output_cv: float) -> None:
        self.rtype, self.cost, self.prompt, self.output = rtype, rtype.cost, prompt, output
        self.attention = _Tables(rtype.cost) if isinstance(rtype.cost, GridCost) else _Lines(rtype.cost)
        # Long outputs fill more of the passes: a decode's mean context holds output * (1 + cv^2) / 2 sampled tokens.
        self.context = prompt + output * (1 + output_cv**2) / 2
        self.room = (rtype.blocks - rtype.watermark) * BLOCK_TOKENS

    def fits(self) -> bool:
        """Whether a replica takes such a request at all (`docs/serving-rules.md`, section 2)."""
        held = math.ceil((self.prompt + self.output - 1) / BLOCK_TOKENS) * BLOCK_TOKENS
        return self.prompt + self.output <= self.rtype.max_model_len and held <= self.room

    def largest(self, tpot_slo_s: float | None) -> float:
        """The most admissions that all bounds allow; 0 if none."""
        low, high = 0.0, self.most()
        if self.within(high, tpot_slo_s):
            return high
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.within(middle, tpot_slo_s) else (low, middle)
        return low

    def most(self) -> float:
        """Admissions that no pass can exceed: its tokens."""
        return self.rtype.max_batched_tokens / (self.prompt + self.output - 1)

    def chunks(self, admitted: float) -> float:
        """Passes a prompt takes: one, or more where it outgrows the budget that decodes leave."""
        room = self.rtype.max_batched_tokens - admitted * (self.output - 1)
        return max(1.0, self.prompt / room) if room > 0 else math.inf

    def within(self, admitted: float, tpot_slo_s: float | None) -> bool:
        """Whether memory, the cap on sequences, the token budget and the TPOT target allow it."""
        decodes, chunks = admitted * (self.output - 1), self.chunks(admitted)
        if (
            admitted * self.prompt + decodes > self.rtype.max_batched_tokens
            or decodes + admitted * chunks > self.rtype.max_num_seqs
        ):
            return False
        # A sequence's last block is half empty on average; a prompt in chunks holds half of its blocks on average.
        half = BLOCK_TOKENS / 2
        tokens = decodes * (self.context + half) + admitted * (self.prompt * (chunks + 1) / 2 + half)
        # The head of the queue waits until it fits whole: on average half a sequence of memory lies idle.
        tokens += self.context / 2 if admitted * self.output > 1 else 0.0
        if tokens > self.room:
            return False
        return tpot_slo_s is None or self.pass_s(admitted) <= tpot_slo_s

    def pass_s(self, admitted: float) -> float:
        """Mean seconds of a pass.

        Completions, and with them admissions, fall on passes like Poisson points: a share 1 - exp(-admitted * chunks) of
        the passes holds prefill, and at least as many as the budget needs for all of it.
        """
        cost, decodes, chunks = self.cost, admitted * (self.output - 1), self.chunks(admitted)
        needed = admitted * self.prompt / (self.rtype.max_batched_tokens - decodes)
        mixed = min(1.0, max(-math.expm1(-admitted * chunks), needed))
        prefill, prefills = admitted * self.prompt / mixed, admitted * chunks / mixed
        plain = _between(cost.dense, decodes) + _between(cost.per_sequence, decodes)
        plain += self.attention.of_decodes(decodes, self.context)
        filled = _between(cost.dense, decodes + prefill) + _between(cost.per_sequence, decodes + prefills)
        filled += self.attention.of_both(decodes, self.context, prefill, prefills, self.prompt)
        return float((1 - mixed) * plain + mixed * filled + cost.host) / PS_PER_S

    def state(self, admitted: float) -> Steady:
        """The steady state at this rate of admission."""
        seconds, decodes = self.pass_s(admitted), admitted * (self.output - 1)
        return Steady(admitted / seconds, decodes, seconds, decodes + admitted * self.chunks(admitted))


class _Rounds(_Load):
    """The same where prompts have passes of their own: `admitted` requests enter between two passes of decodes."""

    def fits(self) -> bool:
        """As above; and a sequence computed anew must fit one pass."""
        return super().fits() and self.prompt + self.output - 1 <= self.rtype.max_batched_tokens

    def most(self) -> float:
        """Admissions that no round can exceed: all sequences at once, or a pass full of prompts where nothing is decoded."""
        seqs = self.rtype.max_num_seqs / max(1.0, self.output - 1)
        return seqs if self.output > 1 else min(seqs, self.rtype.max_batched_tokens / self.prompt)

    def prompts(self, admitted: float) -> float:
        """Passes of prompts a round: where anybody was admitted (Poisson as above), and as many as the budget needs."""
        return max(-math.expm1(-admitted), admitted * self.prompt / self.rtype.max_batched_tokens)

    def within(self, admitted: float, tpot_slo_s: float | None) -> bool:
        """Whether memory, the cap on sequences and the TPOT target allow it."""
        decodes, half = admitted * (self.output - 1), BLOCK_TOKENS / 2
        tokens = decodes * (self.context + half) + (self.context / 2 if admitted * self.output > 1 else 0.0)
        if max(decodes, admitted) > self.rtype.max_num_seqs or tokens > self.room:
            return False
        return tpot_slo_s is None or self.pass_s(admitted) <= tpot_slo_s

    def pass_s(self, admitted: float) -> float:
        """Mean seconds of a round: a pass of decodes, if there are any, and the passes of prompts."""
        cost, decodes, passes = self.cost, admitted * (self.output - 1), self.prompts(admitted)
        prefill = admitted * self.prompt / passes
        filled = _between(cost.dense, prefill) + _between(cost.per_sequence, admitted / passes)
        filled += self.attention.of_both(0.0, 0.0, prefill, admitted / passes, self.prompt) + cost.host
        plain = _between(cost.dense, decodes) + _between(cost.per_sequence, decodes)
        plain += self.attention.of_decodes(decodes, self.context) + cost.host
        return float(passes * filled + (plain if self.output > 1 else 0.0)) / PS_PER_S

    def state(self, admitted: float) -> Steady:
        """The steady state at this rate of admission."""
        seconds, decodes = self.pass_s(admitted), admitted * (self.output - 1)
        return Steady(admitted / seconds, decodes, seconds, max(decodes, admitted))


def _between(table: np.ndarray, count: float) -> float:
    """A table of picoseconds at a count that need not be whole; at least one token, at most the last entry."""
    count = min(max(count, 1.0), len(table) - 1.0)
    whole = min(int(count), len(table) - 2)
    low, high = int(table[whole]), int(table[whole + 1])
    return low + (count - whole) * (high - low)


def _within(table: np.ndarray, row: float, column: float) -> float:
    """A table of two dimensions at a row and a column that need not be whole, held within it."""
    row = min(max(row, 0.0), len(table) - 1.0)
    whole = min(int(row), max(0, len(table) - 2))
    low, high = _between(table[whole], column), _between(table[min(whole + 1, len(table) - 1)], column)
    return low + (row - whole) * (high - low)
