"""A study as the demo would leave it: three policies, two kinds of coin price, two networks, from a seeded generator."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.records.baseline import digest
from sim.records.breaks import RULES, Break, Recovery
from sim.records.outcomes import OUTCOMES, split_name
from sim.records.run import FlowRow
from sim.records.sensitivity import Asked, Index, SensitivityRecord, Swing
from sim.records.solved import Solved
from sim.records.starts import Ends
from sim.records.study import (
    Assumption,
    Band,
    BreakEven,
    CheckResult,
    Histogram,
    Influence,
    Lorenz,
    Parameter,
    PolicyChange,
    PolicyFlows,
    StudyRecord,
    Summary,
    Verdict,
)

WEEK_S = 604_800.0
YEAR_S = 31_557_600.0
POLICIES = ["four_years", "two_years", "fees_only"]
KINDS = ["pool", "path"]
N = 16
T_15 = 2.131  # Student's t, .975 quantile with 15 degrees of freedom

# Means under the baseline, and the factor of each policy with pool and with path.
MEANS = {
    "tao.price_paid_usd_per_mtok": (0.1241, {"two_years": (1.001, 0.999), "fees_only": (1.62, 1.60)}),
    "tao.slo_met_frac": (0.962, {"two_years": (0.951, 0.997), "fees_only": (0.71, 0.94)}),
    "tao.nodes@end": (388.0, {"two_years": (0.771, 0.93), "fees_only": (0.22, 0.24)}),
    "tao.fee_coverage_frac": (0.113, {"two_years": (1.24, 1.10), "fees_only": (4.9, 3.8)}),
    "tao.subsidy_usd_per_mtok": (1.42, {"two_years": (0.51, 0.55), "fees_only": (0.0, 0.0)}),
    "tao.nodes": (352.0, {"two_years": (0.87, 0.96), "fees_only": (0.34, 0.36)}),
    "tao.utilization_frac": (0.31, {"two_years": (1.21, 1.05), "fees_only": (2.1, 2.0)}),
    "tao.ttft_p95_s": (0.482, {"two_years": (1.09, 1.01), "fees_only": (2.9, 2.2)}),
    "tao.e2e_p95_s": (7.31, {"two_years": (1.04, 1.0), "fees_only": (1.8, 1.7)}),
    "tao.coin_usd": (287.4, {"two_years": (1.12, 1.0), "fees_only": (1.31, 1.0)}),
    "tao.emission_coin": (3012.0, {"two_years": (0.55, 0.55), "fees_only": (0.0, 0.0)}),
    "tao.supply_coin": (15_812_345.0, {"two_years": (0.91, 0.91), "fees_only": (0.7, 0.7)}),
    "tao.gini": (0.17, {"two_years": (1.4, 1.5), "fees_only": (1.9, 2.0)}),
    "tao.nakamoto": (98.0, {"two_years": (0.9, 0.88), "fees_only": (0.7, 0.66)}),
    "tao.revenue_usd_per_day": (1243.0, {"two_years": (0.98, 1.0), "fees_only": (0.8, 0.82)}),
    "cloud.share_frac": (0.641, {"two_years": (1.022, 1.006), "fees_only": (1.23, 1.19)}),
    "cloud.nodes": (42.0, {"two_years": (1.01, 1.0), "fees_only": (1.18, 1.15)}),
    "cloud.utilization_frac": (0.52, {"two_years": (1.0, 1.0), "fees_only": (1.01, 1.0)}),
    "cloud.ttft_p95_s": (0.301, {"two_years": (1.0, 1.0), "fees_only": (1.02, 1.01)}),
    "world.consumer_surplus_usd_per_day": (18_240.0, {"two_years": (0.993, 0.999), "fees_only": (0.88, 0.9)}),
}
COMPARED = [
    "tao.price_paid_usd_per_mtok", "tao.slo_met_frac", "tao.nodes@end", "tao.fee_coverage_frac",
    "tao.subsidy_usd_per_mtok", "tao.ttft_p95_s", "cloud.share_frac", "world.consumer_surplus_usd_per_day",
]  # fmt: skip


def _unit(reference: str) -> str:
    return OUTCOMES[split_name(reference)[1]].unit


def _values(rng: np.random.Generator) -> dict[tuple[str, str, str], np.ndarray]:
    """Replications by (outcome, policy, kind): the same users under every policy, so that differences are tight."""
    drawn = {}
    for outcome, (mean, factors) in MEANS.items():
        common = rng.normal(0, 0.06, N)
        for k, kind in enumerate(KINDS):
            for policy in POLICIES:
                factor = 1.0 if policy == "four_years" else factors[policy][k]
                noise = rng.normal(0, 0.012, N)
                values = mean * factor * (1 + common + noise)
                drawn[outcome, policy, kind] = np.minimum(values, 1.0) if outcome.endswith("slo_met_frac") else values
    return drawn


def _interval(values: np.ndarray) -> tuple[float, float, float, float]:
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    half = T_15 * sd / N**0.5
    return mean, mean - half, mean + half, sd


def _summaries(drawn: dict[tuple[str, str, str], np.ndarray]) -> list[Summary]:
    rows = []
    for (outcome, policy, kind), values in drawn.items():
        mean, low, high, sd = _interval(values)
        rows.append(
            Summary(outcome, _unit(outcome), policy, kind, 0, N, mean, low, high, sd, [float(v) for v in values])
        )
    for policy in POLICIES:
        for kind in KINDS:
            rows.append(
                Summary(
                    "tao.energy_j_per_tok",
                    "J/token",
                    policy,
                    kind,
                    0,
                    N,
                    None,
                    None,
                    None,
                    None,
                    [None] * N,
                    reason="idle power of rtx_4090 has no source",
                )
            )
            reached = {"four_years": 0, "two_years": 3, "fees_only": 16}[policy]
            mean = {"four_years": 2191.5, "two_years": 2103.0, "fees_only": 488.0}[policy]
            rows.append(
                Summary(
                    "tao.half_nodes_days",
                    "days",
                    policy,
                    kind,
                    0,
                    N,
                    mean,
                    mean - 31.0,
                    min(mean + 31.0, 2191.5),
                    58.0,
                    [mean] * N,
                    reached=reached,
                    reached_low=max(0.0, reached / N - 0.15),
                    reached_high=min(1.0, reached / N + 0.2),
                )
            )
    return rows


def _word(outcome: str, low: float, high: float, zone: float) -> str:
    direction = OUTCOMES[split_name(outcome)[1]].direction
    if -zone <= low and high <= zone:
        return "no difference"
    if low < zone and high > -zone and not (high < -zone or low > zone):
        return "undecided"
    if direction == "none":
        return "higher" if low > 0 else "lower"
    return "better" if (low > 0) == (direction == "higher") else "worse"


def _verdicts(drawn: dict[tuple[str, str, str], np.ndarray]) -> list[Verdict]:
    rows = []
    for policy in POLICIES[1:]:
        for outcome in COMPARED:
            said = []
            for kind in KINDS:
                base, mine = drawn[outcome, "four_years", kind], drawn[outcome, policy, kind]
                mean, low, high, _ = _interval(mine - base)
                scale, zone = float(base.mean()), 0.02 * float(base.mean())
                word = _word(outcome, low, high, zone)
                said.append(word)
                rows.append(Verdict(outcome, _unit(outcome), policy, "four_years", kind, 0, word, scale, float(mine.mean()), mean, low, high,
                                    mean / scale, low / scale, high / scale, 0.0003, 0.0041, zone, N, 4.2))  # fmt: skip
            joint = said[0] if said[0] == said[1] else "depends on how the coin is priced"
            why = "" if said[0] == said[1] else f"{said[0]} with a pool, {said[1]} with a path"
            rows.append(
                Verdict(
                    outcome,
                    _unit(outcome),
                    policy,
                    "four_years",
                    "both",
                    0,
                    joint,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    0.0,
                    N,
                    None,
                    why,
                )
            )
    return rows


def _courses(rng: np.random.Generator, weeks: np.ndarray, policy: str, kind: str) -> dict[str, np.ndarray]:
    """Plausible shapes: (replications, epochs) by outcome."""
    year = weeks * WEEK_S / YEAR_S
    halvings = {"four_years": [3.95], "two_years": [1.95, 3.95, 5.95], "fees_only": []}[policy]
    emission = (
        3600.0 * 0.5 ** sum((year >= h).astype(float) for h in halvings) if halvings else 3600.0 * np.ones_like(year)
    )
    if policy == "fees_only":
        emission = np.where(year >= 1, 0.0, emission)
    walk = np.cumsum(rng.normal(0, 0.03, (N, len(year))), axis=1)
    rise = 0.25 * np.log(3600.0 / np.maximum(emission, 900.0)) if kind == "pool" else 0.0
    price = 300.0 * np.exp(walk + rise - 0.03 * year)
    pull = emission * price / (3600.0 * 300.0)
    nodes = np.empty_like(price)
    level = np.full(N, 320.0)
    for i in range(len(year)):
        level = level + 0.05 * (320.0 * np.clip(pull[:, i], 0.18, 2.0) - level)
        nodes[:, i] = np.round(level)
    used = np.clip(0.3 * 320 / nodes * (1 + 0.08 * year), 0.02, 0.97)
    return {
        "tao.nodes": nodes,
        "tao.coin_usd": price,
        "tao.emission_coin": np.tile(emission, (N, 1)),
        "tao.utilization_frac": used,
    }


def _bands(rng: np.random.Generator) -> list[Band]:
    weeks = np.arange(1, 314)
    rows = []
    for policy in POLICIES:
        for kind in KINDS:
            courses = _courses(rng, weeks, policy, kind)
            courses["cloud.nodes"] = np.round(40 + weeks / 60 + rng.normal(0, 0.8, (N, len(weeks))))
            courses["cloud.utilization_frac"] = np.clip(
                0.5 + 0.0003 * weeks + rng.normal(0, 0.01, (N, len(weeks))), 0, 1
            )
            for outcome, values in courses.items():
                quantiles: list[list[Any]] = [
                    [float(v) for v in np.quantile(values, q, axis=0)] for q in (0.05, 0.25, 0.5, 0.75, 0.95)
                ]
                if outcome.endswith("utilization_frac"):  # windows stand in every fourth epoch only
                    quantiles = [[v if i % 4 == 0 else None for i, v in enumerate(q)] for q in quantiles]
                rows.append(
                    Band(outcome, _unit(outcome), policy, kind, 0, [float(w * WEEK_S) for w in weeks], *quantiles)
                )
    return rows


def _histograms(rng: np.random.Generator) -> list[Histogram]:
    rows = []
    for network, scale in (("tao", 1.0), ("cloud", 0.7)):
        for metric, centre, spread, slo in (("ttft", 0.14, 0.55, 2.0), ("e2e", 3.1, 0.6, None)):
            for policy in POLICIES:
                for kind in KINDS:
                    slower = (
                        {"four_years": 1.0, "two_years": 1.15, "fees_only": 2.4}[policy] if network == "tao" else 1.0
                    )
                    times = np.exp(rng.normal(np.log(centre * scale * slower), spread, 60_000))
                    edges = np.unique(np.round(np.geomspace(times.min() * 0.99, times.max() * 1.01, 700), 9))
                    counts, _ = np.histogram(times, edges)
                    bins = [
                        [float(a), float(b), float(c)]
                        for a, b, c in zip(edges[:-1], edges[1:], counts, strict=True)
                        if c
                    ]
                    rows.append(Histogram(network, metric, policy, kind, 0, bins, slo))
    return rows


def _operators() -> tuple[list[Lorenz], list[BreakEven]]:
    """Incomes p ** 1.3 to p ** 2 of equal owners of two networks, and break-even prices in steps of 7.5 %; the cloud's owner is one."""
    curves, prices = [], []
    for i, policy in enumerate(POLICIES):
        for kind in KINDS:
            power = 1.3 + 0.3 * i + (0.1 if kind == "path" else 0.0)
            curves.append(Lorenz("tao", policy, kind, 0, [float((k / 20) ** power) for k in range(21)]))
            curves.append(Lorenz("cloud", policy, kind, 0, [k / 20 for k in range(21)]))
            ladder = [10 ** (b / 32) for b in range(56, 84)]
            home: list[list[float | None]] = [[usd, 4.0 + 3.0 * (k % 3) - i] for k, usd in enumerate(ladder)]
            prices.append(BreakEven("tao", "home", policy, kind, 0, [*home, [None, 1.5]]))
            prices.append(BreakEven("tao", "farm", policy, kind, 0, [[0.0, 20.0 - 5 * i], [ladder[3], 12.0]]))
    return curves, prices


def _flows() -> list[PolicyFlows]:
    rows = []
    coin = 10**9
    for policy, emitted in (("four_years", 6_841_233), ("two_years", 4_102_871), ("fees_only", 1_314_000)):
        for kind, other in (("pool", "tao.pool"), ("path", "outside")):
            to_operators, sold = int(emitted * 0.41 * coin), int(emitted * 0.33 * coin)
            paid = 31_877_123_456_789
            rows.append(PolicyFlows(policy, kind, 0, [
                FlowRow("TAO", 9, "genesis", "minted", "tao.holders", 10_500_000 * coin),
                FlowRow("TAO", 9, "emission", "minted", "tao.operators", to_operators),
                FlowRow("TAO", 9, "emission", "minted", "tao.stakers", to_operators),
                FlowRow("TAO", 9, "emission", "minted", "tao.treasury", emitted * coin - 2 * to_operators),
                FlowRow("TAO", 9, "coins bought", other, "users", paid),
                FlowRow("TAO", 9, "payment", "users", "tao.operators", paid - paid // 10),
                FlowRow("TAO", 9, "take", "users", "tao.treasury", paid // 20),
                FlowRow("TAO", 9, "burn", "users", "burned", paid // 10 - paid // 20),
                FlowRow("TAO", 9, "coins sold", "tao.operators", other, sold),
                FlowRow("USD", 9, "power", "tao.operators", "outside", 1_904_311_220_118_331),
                FlowRow("USD", 9, "fees", "users", "cloud.operators", 5_118_220_900_000_017),
            ], {"TAO": 0, "USD": 0}))  # fmt: skip
    return rows


def make_record() -> StudyRecord:
    """The record; the same one every time."""
    rng = np.random.default_rng(7)
    drawn = _values(rng)
    lorenz, break_evens = _operators()
    flags = [
        ("assumed", "", ""),
        ("borrowed", "facts of another network, read 2026-11-20", "2026-11-20"),
        ("fitted", "published quantiles, read 2026-11-19", "2026-11-19"),
    ]
    constants = [
        Assumption(
            f"networks.tao.operators.home.{key}",
            value,
            *flags[i % 3],
            "entry and exit of nodes",
            f"sim/presets/networks/bittensor_basic.yaml:{31 + i}",
        )
        for i, (key, value) in enumerate(
            [
                ("electricity", "0.15 USD/kWh"),
                ("lead", "14 day"),
                ("restart", "1.5"),
                ("cost_spread", "25 %"),
                ("hosting", "0 USD/h"),
                ("life", "4 year"),
                ("discount", "12 %"),
            ]
        )
    ]
    return StudyRecord(
        name="Does a faster halving empty the network?",
        scenario_file="scenarios/demo.yaml",
        scenario_hash="5f2c9e1b7a3d8c40",
        scenario_resolved="format: 1\nname: Does a faster halving empty the network?\nhorizon: 6 year\n",
        start="2026-01-01",
        horizon_s=6 * YEAR_S,
        epoch_s=WEEK_S,
        policies_from_s=YEAR_S,
        estimand="terminating",
        requests_mode="sampled",
        policies=list(POLICIES),
        baseline="four_years",
        coin_prices=list(KINDS),
        points=[{}],
        replications=N,
        root_seed=7,
        confidence=0.95,
        outcomes=_summaries(drawn),
        verdicts=_verdicts(drawn),
        bands=_bands(rng),
        histograms=_histograms(rng),
        operators=[],
        flows=_flows(),
        lorenz=lorenz,
        break_evens=break_evens,
        checks=[
            CheckResult(
                "at_most 8 s",
                "tao.e2e_p95_s",
                "two_years",
                True,
                "error",
                "7.6 s, at most 7.9 s with 95 %",
                "scenarios/demo.yaml",
                61,
            ),
            CheckResult(
                "below four_years",
                "tao.price_paid_usd_per_mtok",
                "two_years",
                False,
                "warn",
                "0.124 against 0.124 USD/Mtok",
                "scenarios/demo.yaml",
                62,
            ),
        ],
        changes=[
            PolicyChange("two_years", "networks.tao.supply.every", "4 year", "2 year", "scenarios/demo.yaml", 41),
            PolicyChange(
                "two_years", "networks.tao.supply.first", "2029-12-14", "2027-12-14", "scenarios/demo.yaml", 41
            ),
            PolicyChange("fees_only", "networks.tao.supply", "halving", "fixed", "scenarios/demo.yaml", 43),
            PolicyChange(
                "fees_only", "networks.tao.price.output", "0.15 USD/Mtok", "0.45 USD/Mtok", "scenarios/demo.yaml", 44
            ),
        ],
        assumptions=constants,
        held_fixed=[
            "potential users and their draws",
            "hardware lives by node slot",
            "operators' cost draws",
            "price innovations (not paths)",
        ],
        not_fixed=["who enters", "prices", "demand"],
        method={
            "infermint": "0.1.0",
            "python": "3.11.7",
            "numpy": "2.4.6",
            "residual drift over 90 days": "0.4 % of nodes",
        },
        warnings=["tao.served_mtok leaves its plausible range in year 1: 812 Mtok/day found, 1,000 to 40,000 expected"],
        counts={"windows": 626, "requests_measured": 81_244},
        sentences=[
            "Halving every 2 years: 23 % fewer nodes at the end [-24, -22] with a pool, 7 % fewer with a path; price to users: no difference.",
            "Fees only: 77 % fewer nodes at the end [-79, -76] under both kinds of coin price; users pay 61 % more [+60, +63].",
        ],
    )


@pytest.fixture(scope="session")
def record() -> StudyRecord:
    return make_record()


@pytest.fixture
def changed(record: StudyRecord) -> Callable[..., StudyRecord]:
    """The record with some fields replaced."""
    return lambda **fields: dataclasses.replace(record, **fields)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a whole page draw all its figures: seconds each, so `make quick` leaves them out as it does runs."""
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and {"folder", "hostile_folder"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.compiled)


KEYS = ("networks.tao.operators.home.electricity", "networks.tao.market.depth")


def make_grid(record: StudyRecord) -> StudyRecord:
    """The record over a grid of three prices of power and four depths: what two_years changes goes from below 0 to above."""
    points = [
        {KEYS[0]: f"{power} USD/kWh", KEYS[1]: f"{depth} MUSD"}
        for power in (0.08, 0.15, 0.25)
        for depth in (10, 20, 40, 80)
    ]
    verdicts = []
    for point in range(len(points)):
        for v in record.verdicts:
            if v.difference is None:
                verdicts.append(dataclasses.replace(v, point=point))
                continue
            shift = 0.04 * abs(v.baseline_mean or 0.0) * (point // 4 + point % 4 - 2)
            moved = {name: getattr(v, name) + shift for name in ("difference", "low", "high")}
            verdicts.append(dataclasses.replace(v, point=point, **moved))
    outcomes = [dataclasses.replace(s, point=p) for p in range(len(points)) for s in record.outcomes]
    return dataclasses.replace(record, points=points, verdicts=verdicts, outcomes=outcomes)


def make_sweep(record: StudyRecord) -> StudyRecord:
    """The record over four prices of power, not in order: what two_years changes goes from below 0 to above."""
    points = [{KEYS[0]: f"{power} USD/kWh"} for power in (0.15, 0.08, 0.25, 0.35)]
    verdicts = []
    for point, step in enumerate((1, 0, 2, 3)):
        for v in record.verdicts:
            shift = 0.12 * abs(v.baseline_mean or 0.0) * step
            ends = {name: getattr(v, name) for name in ("difference", "low", "high")}
            moved = {name: end if end is None else end + shift for name, end in ends.items()}
            verdicts.append(dataclasses.replace(v, point=point, **moved))
    outcomes = [dataclasses.replace(s, point=p) for p in range(len(points)) for s in record.outcomes]
    return dataclasses.replace(record, points=points, verdicts=verdicts, outcomes=outcomes)


def make_uncertain(record: StudyRecord) -> StudyRecord:
    """The record with three uncertain parameters in forty joint sets, and how differences move with them."""
    paths = {KEYS[0]: 0.9, KEYS[1]: -0.5, "workload.steady.demand.elasticity": 0.1}
    parameters = [Parameter(path, "1", "uniform 0.5 to 2", "1", "assumed") for path in paths]
    sets = np.random.default_rng(3).uniform(0.5, 2, (40, 3)).tolist()
    cases = dict.fromkeys((v.outcome, v.policy, v.coin_price, v.point) for v in record.verdicts)
    influences = [
        Influence(*case, path, "assumed", size * (1 - 0.1 * place))
        for place, case in enumerate(list(cases)[:12])
        for path, size in paths.items()
    ]
    verdicts = [
        dataclasses.replace(v, sets=40, same_frac=0.93, set_low=-1.0, set_high=1.5, depends=list(paths)[:2])
        for v in record.verdicts
    ]
    return dataclasses.replace(record, parameters=parameters, sets=sets, influences=influences, verdicts=verdicts)


def make_analyses(record: StudyRecord) -> list[SensitivityRecord]:
    """A Sobol' analysis and a tornado of the record's uncertain parameters, over two outcomes and a policy; one index has no number."""
    asked = [
        Asked(outcome, _unit(outcome), "two_years", "four_years", "pool")
        for outcome in ("tao.nodes@end", "cloud.share_frac")
    ]
    paths = [one.path for one in record.parameters]
    size = dict(zip(paths, (0.62, 0.21, 0.05), strict=True))
    indices = [
        Index(one, path, share, share - 0.05, share + 0.04, share + 0.1, share + 0.03, share + 0.19)
        for one in asked
        for path, share in size.items()
    ]
    indices[-1] = Index(asked[1], paths[-1], *[None] * 6)
    swings = [
        Swing(one, path, "0.08 USD/kWh", "0.25 USD/kWh", -0.1, -0.1 - share, -0.1 + share / 2)
        for one in asked
        for path, share in size.items()
    ]
    shared = {
        "name": record.name, "scenario_file": record.scenario_file, "points": 64, "replications": 2, "runs": 640, "root_seed": 7, "confidence": 0.95,
        "parameters": record.parameters, "unsupported": [], "warnings": [], "scenario": digest(record.scenario_resolved),
    }  # fmt: skip
    return [
        SensitivityRecord(method="sobol", indices=indices, swings=[], **shared),  # type: ignore[arg-type]
        SensitivityRecord(method="tornado", indices=[], swings=swings, **shared),  # type: ignore[arg-type]
    ]


@pytest.fixture(scope="session")
def grid_record(record: StudyRecord) -> StudyRecord:
    return make_grid(record)


@pytest.fixture(scope="session")
def full_record(grid_record: StudyRecord) -> StudyRecord:
    """The grid with everything that seldom stands on a page: policies made equal, other starts, what broke and came back."""
    kinds = [(policy, kind) for policy in grid_record.policies for kind in grid_record.coin_prices]
    solved = [
        Solved(
            "tao.operator_surplus_usd_per_day", "networks.tao.supply.initial", policy, kind, 0, False, 0.19168293127388175,
            "0.19168293127388175 TAO/day", 0.0, -0.289, "USD/day", -1.0, 1.0, 48, "" if kind == "pool" else "not reachable",
        )
        for policy, kind in kinds
    ]  # fmt: skip
    starts = [
        Ends("0.3x", "tao", policy, kind, 0, 16, 40.0, 38.5, 12, 3, 1, 0.5, 0.9, 4.0, 2.5) for policy, kind in kinds
    ]
    broke = [
        Break(rule.name, "tao", rule.outcome, "below 50 %", policy, kind, 0, 16, 9, 0.33, 0.77, 3, 187.5, [187.5] * 16, 2,
              rule.name == "coin_halved", "" if kind == "pool" else "too few runs (the interval spans 49 pp)")
        for rule in RULES for policy, kind in kinds
    ]  # fmt: skip
    back = [
        Recovery("tao", "nodes", policy, kind, 0, 16, 14, 9, 0.33, 0.77, 187.5, "", -0.3, -0.1, -0.2, 0.0)
        for policy, kind in kinds
    ]
    return dataclasses.replace(grid_record, solved=solved, starts=starts, breaks=broke, recoveries=back)


@pytest.fixture(scope="session")
def swept_record(record: StudyRecord) -> StudyRecord:
    return make_sweep(record)


@pytest.fixture(scope="session")
def uncertain_record(record: StudyRecord) -> StudyRecord:
    return make_uncertain(record)


@pytest.fixture(scope="session")
def analyses(uncertain_record: StudyRecord) -> list[SensitivityRecord]:
    return make_analyses(uncertain_record)
