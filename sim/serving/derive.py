"""From figures as written to figures in force: degrees that nobody measured, experts, fewer bits, and what GPUs exchange.

Each rule is one function over seconds; `docs/serving-rules.md` section 4.1 states them together. Nothing is rounded here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.errors import ScenarioError, nearest
from sim.serving.catalogue import Gpu, Interconnect, LlmModel
from sim.serving.figures import CostFigures, Experts, GridFigures, Knots

ACTIVATION_BYTES = 2
"""Bytes of a number that tensor-parallel GPUs exchange: bf16, whatever the weights' bits."""


def figures_of(gpu: Gpu, model: LlmModel, tp: int = 1) -> CostFigures | GridFigures:
    """The cost figures in force of a model on `tp` GPUs, with their flag; the model's own win over the GPU's.

    A degree without figures of its own borrows those of one GPU (`parted`), a mixture without experts at its degree their
    experts; fewer bits of keys and values scale `a2`. Raises ScenarioError if there is nothing to start from, or if figures hold experts and
    the model has none. A mixture without experts anywhere has them in its dense work. Figures over a grid are taken as they
    are: nothing is borrowed from them, and a model of fewer than 16 bits is refused.
    """
    degrees = {**gpu.costs.get(model.name, {}), **model.costs.get(gpu.name, {})}
    own, one = degrees.get(f"tp{tp}"), degrees.get("tp1")
    if isinstance(own, GridFigures):
        return _of_16_bits(own, gpu, model)
    lines = one if isinstance(one, CostFigures) else None
    found = own or (lines and parted(lines, tp))
    if found is None:
        raise ScenarioError(_no_figures(gpu, model, tp))
    if found.experts is not None and not model.experts:
        raise ScenarioError(
            f"cost figures of {model.name} on {gpu.name} hold `experts`, the model has none (give its `experts` and "
            "`experts_per_token`)"
        )
    if model.experts and found.experts is None and lines is not None and lines.experts is not None:
        experts = parted(lines, tp).experts
        found = _told(found, "borrowed", f"experts: those of one GPU over {tp}", experts=experts)
    if model.weight_bits < 16 or model.kv_bits < 16:
        why = (
            f"{model.weight_bits}-bit weights, {model.kv_bits}-bit keys and values: memory traffic by bits, unmeasured"
        )
        found = _told(found, "assumed", why, a2=found.a2 * model.kv_bits / 16)
    return found


def _of_16_bits(tables: GridFigures, gpu: Gpu, model: LlmModel) -> GridFigures:
    """The tables; no rule says what fewer bits would make of them."""
    if model.weight_bits < 16 or model.kv_bits < 16:
        raise ScenarioError(
            f"{model.weight_bits}-bit weights, {model.kv_bits}-bit keys and values of {model.name} found; figures of the kind `grid` on "
            f"{gpu.name} hold for 16 bits (measure the model as one of its own, or give figures of the kind `linear`)"
        )
    return tables


def _no_figures(gpu: Gpu, model: LlmModel, tp: int) -> str:
    degree = f"tp{tp}"
    known = sorted(name for name, has in gpu.costs.items() if degree in has or isinstance(has.get("tp1"), CostFigures))
    near = nearest(model.name, known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return (
        f"no cost figures for {model.name} on {gpu.name} ({degree}); {hint}{gpu.name} has {', '.join(known) or 'none'}; "
        f"give them under gpus.{gpu.name}.costs or models.{model.name}.costs"
    )


def _told(figures: CostFigures, flag: str, why: str, **changes: Any) -> CostFigures:
    """Changed figures that say so; what was assumed stays assumed."""
    worst = "assumed" if figures.flag == "assumed" else flag
    return figures.model_copy(update={**changes, "flag": worst, "error": f"{figures.error}; {why}"})


def parted(figures: CostFigures, tp: int) -> CostFigures:
    """Figures of one GPU as each of `tp` GPUs would have them: its part of the work, and every start whole.

    Dense work, experts, the terms of attention that grow, and the lone sequence's output head go by 1 / tp. The starts a0
    and m0, and what more sequences add at the head (mostly the sampler), do not.
    """
    if tp == 1:
        return figures
    shares = {name: getattr(figures, name) / tp for name in ("a1", "a2", "m1", "m2", "m3", "m4")}
    head = figures.per_sequence
    less = head.seconds[0] * (1 - 1 / tp)
    return _told(
        figures,
        "borrowed",
        f"tp{tp}: the work of one GPU over {tp}",
        dense=_scaled(figures.dense, 1 / tp),
        experts=None if figures.experts is None else _experts_scaled(figures.experts, 1 / tp),
        per_sequence=head.model_copy(update={"seconds": [second - less for second in head.seconds]}),
        **shares,
    )


def _scaled(knots: Knots, factor: float) -> Knots:
    seconds = [second * factor for second in knots.seconds]
    return knots.model_copy(update={"seconds": seconds, "beyond": knots.beyond * factor})


def _experts_scaled(experts: Experts, factor: float) -> Experts:
    return experts.model_copy(update={"seconds": [[second * factor for second in row] for row in experts.seconds]})


def curve(knots: Knots, last: int) -> np.ndarray:
    """Seconds at 0 .. last, float64: linear between knots, flat before, `beyond` a count after them."""
    counts = np.arange(last + 1, dtype=np.float64)
    flat: np.ndarray = np.interp(counts, knots.counts, knots.seconds)
    return flat + np.maximum(counts - knots.counts[-1], 0.0) * knots.beyond


def dense_seconds(figures: CostFigures, model: LlmModel, last: int) -> np.ndarray:
    """Seconds of a pass's dense work at 0 .. last tokens, float64: the experts folded in, weights of `weight_bits` read.

    With w = weight_bits / 16: max(w * D[T], min(D[T], C[T])), where C, the branch bound by arithmetic, is the line through
    the last point given with the slope that the figures are carried on with; without a slope everything is memory's.
    """
    given = figures.dense.counts[-1]
    whole = curve(figures.dense, max(last, given))
    slope = figures.dense.beyond
    if figures.experts is not None:
        tokens = np.maximum(1.0, np.arange(len(whole)))
        experts = expert_seconds(figures.experts, tokens, activated(tokens, model.experts, model.experts_per_token))
        whole, slope = whole + experts, slope + experts[given] - experts[given - 1]
    if model.weight_bits < 16:
        arithmetic = whole[given] - slope * (given - np.arange(len(whole))) if slope > 0 else 0.0
        whole = np.maximum(model.weight_bits / 16 * whole, np.minimum(whole, arithmetic))
    return whole[: last + 1]


def activated(tokens: np.ndarray, experts: int, per_token: int) -> np.ndarray:
    """Expected number of a layer's experts that a pass of so many tokens wakes, if each wakes `per_token` at random.

    N (1 - (1 - k/N)^T): an expert sleeps if all T tokens pass it by.
    """
    return experts * (1.0 - (1.0 - per_token / experts) ** tokens)


def expert_seconds(measured: Experts, tokens: np.ndarray, awake: np.ndarray) -> np.ndarray:
    """Seconds of the experts at pairs of tokens and awake experts: linear in both, carried on past what was measured.

    Below the first number of tokens the first row holds.
    """
    rows, counts = measured.seconds, measured.tokens
    if len(rows) == 1:
        return _carried_on(measured.activated, rows[0], awake)
    at = np.maximum(tokens, counts[0])
    low = np.clip(np.searchsorted(counts, at, side="right") - 1, 0, len(rows) - 2)
    found = np.empty(len(at))
    for row in np.unique(low):
        here = low == row
        before, after = (_carried_on(measured.activated, rows[i], awake[here]) for i in (row, row + 1))
        found[here] = before + (after - before) * (at[here] - counts[row]) / (counts[row + 1] - counts[row])
    return found


def _carried_on(places: list[int], values: list[float], at: np.ndarray) -> np.ndarray:
    """A row of values at places, linear between them and past both ends; a lone value is constant."""
    if len(values) == 1:
        return np.full(len(at), values[0])
    x, y = np.array(places[: len(values)], dtype=np.float64), np.array(values)
    low = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    found: np.ndarray = y[low] + (at - x[low]) * (y[low + 1] - y[low]) / (x[low + 1] - x[low])
    return found


def all_reduce_seconds(model: LlmModel, link: Interconnect, tp: int, last: int) -> np.ndarray:
    """Seconds a pass of 0 .. last tokens spends exchanging results: two ring all-reduces a layer, float64; 0 for one GPU.

    2 * layers * (latency + T * hidden * 2 bytes * 2 (g - 1) / g / bandwidth): each GPU sends its part 2 (g - 1) / g times.
    """
    bytes_a_token = model.hidden * ACTIVATION_BYTES * 2 * (tp - 1) / tp
    times: np.ndarray = link.latency + np.arange(last + 1) * bytes_a_token / link.bandwidth
    return 2 * model.layers * times if tp > 1 else times * 0.0
