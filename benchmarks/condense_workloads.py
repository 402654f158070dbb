"""Condense the Azure conversation trace into the figures of the built-in chat classes; prints them as JSON.

    python benchmarks/condense_workloads.py [TRACE.csv.gz]

The trace (default `azure_llm_2023_conv/trace.csv.gz` in the data folder of `$INFERMINT_SHARED`) is cut into two classes
by the length of the answer: `chat_steady` has 340 to 470 output tokens, `chat_bursty` all others. Of each class come
its rate, 57-knot quantile tables of prompt and output, and how far these stand from the trace. Relative variance and
time constant of the rates stand below; `fit_log_ou` gives those nearest to the dispersion of the counts.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sim.workload.imports import import_azure
from sim.workload.law import Floats
from sim.workload.lengths.quantiles import KNOTS, Quantiles
from sim.workload.trace import read_trace

STEADY_OUTPUT = (340, 470)
"""Output tokens of the steady class, both ends included: a crowd of answers of one length in the trace's histogram."""
LOG_OU = {"chat_steady": (0.098, 182.0), "chat_bursty": (0.168, 294.0)}
"""Relative variance and time constant in s of each class's rate: `fit_log_ou` of its arrivals, or as near to their dispersion within .005."""
WINDOWS_S = (1.0, 10.0, 60.0, 300.0)


def default_trace() -> Path:
    """The trace in the shared folder (`INFERMINT_SHARED`, else `../shared` beside the checkout)."""
    shared = Path(os.environ.get("INFERMINT_SHARED", Path(__file__).parents[2] / "shared"))
    return shared / "data" / "azure_llm_2023_conv" / "trace.csv.gz"


def condense(trace_file: Path, work: Path) -> dict[str, Any]:
    """Figures of both classes from the published trace; `work` is a folder for the converted file."""
    converted = work / "conv.csv.gz"
    import_azure(trace_file, converted)
    trace = read_trace(converted)
    arrival_s = trace.arrival_ps / 1e12
    steady = (trace.output_tokens >= STEADY_OUTPUT[0]) & (trace.output_tokens <= STEADY_OUTPUT[1])
    figures = {}
    for name, kept in (("chat_steady", steady), ("chat_bursty", ~steady)):
        relative_variance, tau_s = LOG_OU[name]
        figures[name] = {
            "rate_per_s": round(float(kept.sum() / arrival_s[-1]), 3),
            "relative_variance": relative_variance,
            "tau_s": tau_s,
            "dispersion_log_error": round(
                dispersion_error(arrival_s[kept], float(arrival_s[-1]), relative_variance, tau_s), 3
            ),
            "least_dispersion_log_error": dispersion_error(
                arrival_s[kept], float(arrival_s[-1]), *fit_log_ou(arrival_s[kept], float(arrival_s[-1]))
            ),
            "prompt": table(trace.prompt_tokens[kept]),
            "output": table(trace.output_tokens[kept]),
        }
    return figures


def table(lengths: Any) -> dict[str, Any]:
    """Quantiles at the 57 knots, the smallest length that so many requests do not exceed, with two measures of error."""
    tokens = np.quantile(lengths, np.array(KNOTS) / 100, method="inverted_cdf").astype(int)
    law = Quantiles(tokens=tuple(tokens.tolist()))
    values, chances = law.distribution()
    empirical = np.searchsorted(np.sort(lengths), values, side="right") / len(lengths)
    return {
        "tokens": tokens.tolist(),
        "ks": round(float(np.abs(np.cumsum(chances) - empirical).max()), 3),
        "mean_error": round(law.mean / float(lengths.mean()) - 1, 4),
    }


def dispersion_error(
    arrival_s: Floats,
    span_s: float,
    relative_variance: float,
    tau_s: float,
    windows_s: tuple[float, ...] = WINDOWS_S,
) -> float:
    """Root mean square of the log ratio of modelled and counted index of dispersion over the windows.

    A Poisson process with rate variance v and rate autocorrelation exp(-t/tau) has variance over mean of its counts in
    windows w: 1 + 2 rate v tau (1 - tau/w (1 - exp(-w/tau))) (Cox and Isham 1980, Point Processes, section 3.3).
    """
    rate = len(arrival_s) / span_s
    ratios = []
    for window in windows_s:
        counts = np.histogram(arrival_s, np.arange(span_s // window + 1) * window)[0]
        share = tau_s / window
        modelled = 1 + 2 * rate * relative_variance * tau_s * (1 - share * -np.expm1(-1 / share))
        ratios.append(np.log(modelled / (counts.var() / counts.mean())))
    return float(np.sqrt(np.mean(np.square(ratios))))


def fit_log_ou(arrival_s: Floats, span_s: float, windows_s: tuple[float, ...] = WINDOWS_S) -> tuple[float, float]:
    """Relative variance and time constant in s whose dispersion is nearest to the counted one: least `dispersion_error`."""
    from scipy.optimize import minimize

    def error(logs: Floats) -> float:
        return dispersion_error(arrival_s, span_s, float(np.exp(logs[0])), float(np.exp(logs[1])), windows_s)

    best = minimize(error, np.log([0.05, 300.0]), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7})
    variance, tau_s = np.exp(best.x)
    return round(float(variance), 4), round(float(tau_s))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(condense(Path(sys.argv[1]) if len(sys.argv) > 1 else default_trace(), Path(folder)), indent=1))
