"""Condense three more services into the figures of the built-in classes; prints them as JSON.

    python -m benchmarks.condense_services

Read are, in the data folder of `$INFERMINT_SHARED`: `mooncake_fast25` (class `long_context`), and of ServeGen
`servegen_rates` and `servegen_lengths` (`reasoning` from its deepseek-r1, `batch_api` from its m-large). What is fitted:

- rate of `long_context`: log-OU, by the dispersion of the counts in windows of 60 to 600 s (arrivals are stamped in steps
  of 3 s, so nothing below is known), least squares of its logarithm;
- rate of `reasoning`: the 24 hourly rates of its one day, and log-OU: its time constant by the correlation of neighbouring
  10-minute rates around the mean of their hour, its variance by the CV of all 10-minute rates;
- clients of `batch_api`: `spread` by the sum of squared shares, `asking` and `silent` the mean runs of windows with and without
  traffic over all clients, `level_spread` by the variance of the total rate, CV by the rate-weighted mean and deviation
  of its logarithm;
- lengths: quantile tables; cached share of a prompt: quantiles weighted by prompt, so that their mean is the share of all
  prompt tokens.
"""

from __future__ import annotations

import collections
import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq

from benchmarks.condense_workloads import default_trace, dispersion_error, fit_log_ou, table
from sim.workload.arrivals.clients import ClientArrivals
from sim.workload.cached import CachedShareQuantiles
from sim.workload.law import Floats
from sim.workload.lengths.quantiles import KNOTS, Quantiles

BLOCK_TOKENS = 512
"""Prompt tokens of a prefix block of the Mooncake trace."""
WINDOWS_S = (60.0, 120.0, 300.0, 600.0)
STEP_S = 600
"""Window of the ServeGen rates."""
HOUR_STEPS = 6


def data() -> Path:
    """The data folder."""
    return default_trace().parents[1]


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a gzipped CSV in the data folder."""
    with gzip.open(data() / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def long_context() -> dict[str, Any]:
    """Figures of the Mooncake conversation trace."""
    trace = rows("mooncake_fast25/conversation.csv.gz")
    arrival_s = np.array([int(row["arrival_ms"]) for row in trace]) / 1000
    prompt, output = (np.array([int(row[name]) for row in trace]) for name in ("input_tokens", "output_tokens"))
    cached = _found_again(trace, prompt)
    span_s = float(arrival_s[-1])
    variance, tau_s = fit_log_ou(arrival_s, span_s, WINDOWS_S)
    return {
        "rate_per_s": round(len(trace) / span_s, 3),
        "relative_variance": variance,
        "tau_s": tau_s,
        "dispersion_log_error": round(dispersion_error(arrival_s, span_s, variance, tau_s, WINDOWS_S), 3),
        "prompt": table(prompt),
        "output": table(output),
        "cached": _share_table(cached / prompt, prompt),
    }


def _found_again(trace: list[dict[str, str]], prompt: Any) -> Any:
    """Prompt tokens in leading blocks that an earlier request had too (a cache that forgets nothing)."""
    seen: set[str] = set()
    found = []
    for row, tokens in zip(trace, prompt, strict=True):
        blocks = row["prefix_block_ids"].split()
        leading = next((at for at, block in enumerate(blocks) if block not in seen), len(blocks))
        seen.update(blocks)
        found.append(min(leading * BLOCK_TOKENS, tokens))
    return np.array(found)


def _share_table(share: Floats, weight: Any) -> dict[str, Any]:
    order = np.argsort(share, kind="stable")
    below = np.cumsum(weight[order]) / weight.sum()
    place = np.minimum(np.searchsorted(below, np.array(KNOTS) / 100), len(share) - 1)
    law = CachedShareQuantiles(of_prompt=tuple(float(x) for x in (100 * share[order][place]).round(1)))
    return {
        "of_prompt": list(law.of_prompt),
        "share": round(float(share @ weight / weight.sum()), 4),
        "mean_error": round(law.mean / float(share @ weight / weight.sum()) - 1, 4),
    }


def reasoning() -> dict[str, Any]:
    """Figures of ServeGen's deepseek-r1, one day."""
    rate = _clients("deepseek-r1", 144)[0].sum(axis=0)
    hours = rate.reshape(24, HOUR_STEPS).mean(axis=1)
    tau_s = _within_hours(rate.reshape(24, HOUR_STEPS) / hours[:, None])
    total, hourly = ((values.std() / values.mean()) ** 2 for values in (rate, hours))
    variance = ((1 + total) / (1 + hourly) - 1) / _averaged(STEP_S / tau_s)
    return {
        "rate_per_s": round(float(rate.mean()), 2),
        "profile": [round(float(x), 2) for x in hours],
        "cv": round(float(total**0.5), 3),
        "relative_variance": round(float(variance), 4),
        "tau_s": round(tau_s),
        "prompt": _pmf_table("deepseek-r1", "input_tokens"),
        "output": _pmf_table("deepseek-r1", "output_tokens"),
    }


def _averaged(x: float) -> float:
    """Variance of an Ornstein-Uhlenbeck path of variance 1 averaged over x time constants."""
    return float(2 * (x - 1 + np.exp(-x)) / x**2)


def _within_hours(ratio: Floats) -> float:
    """Time constant in s of a rate from its 10-minute means relative to the mean of their hour.

    With C the covariance of the means of an Ornstein-Uhlenbeck path over the six windows of an hour and M the projection
    that takes their mean off, the squared deviations sum to tr MCM, the products of neighbours to its first off-diagonal.
    """
    deviation = ratio - 1
    found = (deviation[:, 1:] * deviation[:, :-1]).sum() / (deviation**2).sum()
    apart = np.arange(HOUR_STEPS)
    centred = np.eye(HOUR_STEPS) - 1 / HOUR_STEPS

    def excess(log_tau: float) -> float:
        x = STEP_S / np.exp(log_tau)
        lag = np.where(apart == 0, _averaged(x), (2 * np.cosh(x) - 2) / x**2 * np.exp(-x * apart))
        left = centred @ lag[np.abs(apart[:, None] - apart)] @ centred
        return float(np.trace(left, offset=1) / np.trace(left) - found)

    return float(np.exp(brentq(excess, np.log(1.0), np.log(1e5))))


def batch_api() -> dict[str, Any]:
    """Figures of ServeGen's m-large, 14 days of 162 clients."""
    rates, cvs = _clients("m-large", 14 * 144)
    total, mean = rates.sum(axis=0), rates.mean(axis=1)
    share = np.sort(mean / mean.sum())[::-1]
    asking_h, silent_h = (_run_h(rates > 0, wanted) for wanted in (True, False))
    spread = round(brentq(lambda s: float((_shares(len(share), s) ** 2).sum() - (share**2).sum()), 0.1, 4), 2)
    variance = float(total.var() / total.mean() ** 2)
    share_asking = asking_h / (asking_h + silent_h)
    level = float(np.sqrt(np.log(share_asking * (1 + variance / (_shares(len(share), spread) ** 2).sum()))))
    weight, log_cv = rates[(rates > 0) & (cvs > 0)], np.log(cvs[(rates > 0) & (cvs > 0)])
    centre = float(np.average(log_cv, weights=weight))
    logs, tops = np.log(total), (1, 5, 10, 20)
    return {
        "rate_per_s": round(float(total.mean()), 1),
        "clients": len(share),
        "spread": spread,
        "asking_h": asking_h,
        "silent_h": silent_h,
        "level_spread": round(level, 2),
        "cv": round(float(np.exp(centre)), 2),
        "cv_spread": round(float(np.sqrt(np.average((log_cv - centre) ** 2, weights=weight))), 2),
        "rate_cv": round(variance**0.5, 3),
        "log_rate_autocorrelation_1h": round(float(np.corrcoef(logs[:-HOUR_STEPS], logs[HOUR_STEPS:])[0, 1]), 2),
        "top_shares": [round(float(share[:k].sum()), 3) for k in tops],
        "top_shares_of_the_law": [round(float(_shares(len(share), spread)[:k].sum()), 3) for k in tops],
        "log_rate_sd": round(float(np.log(mean).std()), 2),
        "prompt": _pmf_table("m-large", "input_tokens"),
        "output": _pmf_table("m-large", "output_tokens"),
    }


def _run_h(asks: Any, wanted: bool) -> float:
    """Mean length in hours of the runs of windows in which a client asks (or not), those cut by the ends included."""
    runs = int(((asks[:, 1:] == wanted) & (asks[:, :-1] != wanted)).sum() + (asks[:, 0] == wanted).sum())
    return round(float((asks == wanted).sum()) / runs * STEP_S / 3600, 1)


def _shares(clients: int, spread: float) -> Floats:
    law = ClientArrivals(clients=clients, spread=spread, asking=3600.0, silent=3600.0, level_spread=0.0, cv=1.0)
    return law.shares()


def _clients(workload: str, steps: int) -> tuple[Floats, Floats]:
    """Rates and CVs of gaps of each client in each 10-minute window, 0 where it was silent: shape (clients, steps)."""
    found: dict[str, Floats] = collections.defaultdict(lambda: np.zeros((2, steps)))
    for row in rows(f"servegen_rates/clients_{workload}.csv.gz"):
        step = round(float(row["window_start_s"])) // STEP_S
        found[row["client"]][:, step] = float(row["rate_rps"]), float(row["cv"])
    both = np.array(list(found.values()))
    return both[:, 0], both[:, 1]


def _pmf_table(workload: str, field: str) -> dict[str, Any]:
    """The 57 knots of a histogram whose bins are filled evenly in the logarithm, and how far the law then is from it."""
    bins = [
        row
        for row in rows("servegen_lengths/length_pmf.csv.gz")
        if (row["workload"], row["field"]) == (workload, field)
    ]
    # A request of no tokens counts as one of one token.
    low, high = (np.array([max(int(row[name]), 1) for row in bins]) for name in ("token_lo", "token_hi"))
    chance = np.array([float(row["prob"]) for row in bins])
    below = np.cumsum(chance) / chance.sum()
    knots = np.array(KNOTS) / 100
    # Bins need not touch: each is walked on its own.
    place = np.minimum(np.searchsorted(below, knots), len(bins) - 1)
    into = (knots - (below - chance / chance.sum())[place]) / (chance / chance.sum())[place]
    edges = np.log(low[place] - 0.5), np.log(high[place] + 0.5)
    tokens = np.clip(np.rint(np.exp(edges[0] + np.clip(into, 0, 1) * (edges[1] - edges[0]))), low[place], high[place])
    law = Quantiles(tokens=tuple(int(x) for x in tokens))
    lengths, chances = law.distribution()
    at = np.interp(high, lengths, np.cumsum(chances), left=0.0, right=1.0)
    return {
        "tokens": list(law.tokens),
        "ks": round(float(np.abs(at - below)[np.append(np.diff(high) > 0, True)].max()), 3),
        "mean_error": round(law.mean / float(chance @ (low + high) / 2 / chance.sum()) - 1, 4),
    }


CLASSES = {"long_context": long_context, "reasoning": reasoning, "batch_api": batch_api}

if __name__ == "__main__":
    print(json.dumps({name: figures() for name, figures in CLASSES.items()}))
