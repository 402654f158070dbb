"""A small economy with known answers: records of runs as a function of (policy, kind of coin price, point, replication)."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from types import SimpleNamespace

import numpy as np
import pytest

from sim.records.run import Case, FlowRow, RunRecord
from sim.study.plan import Cell, Plan, Zone
from sim.units import DAY_S

EPOCHS = 10
EPOCH_S = 7 * DAY_S

NODES = {"four_years": 300.0, "two_years": 230.0, "fees_only": 231.0, "same_again": 300.0}
"""Nodes at the end under `path`; under `pool` fees_only keeps 330."""


def simulated(case: Case, replication: int, *, nodes: float | None = None) -> RunRecord:
    """The run of a case: common noise by replication (the users), a small own part by policy."""
    users = np.random.default_rng([1, replication]).normal()
    own = np.random.default_rng([2, replication, int(hashlib.sha256(case.key.encode()).hexdigest()[:8], 16)]).normal()
    end = NODES[case.policy] if nodes is None else nodes
    if case.policy == "fees_only" and case.coin_price == "pool":
        end = 330.0
    end += 10 * users + own
    path = [float(400 + (end - 400) * k / EPOCHS) for k in range(1, EPOCHS + 1)]
    price = 0.2 + 0.01 * users
    return RunRecord(
        policy=case.policy,
        coin_price=case.coin_price,
        point=case.point,
        replication=replication,
        epoch_end_s=[float(k * EPOCH_S) for k in range(1, EPOCHS + 1)],
        outcomes={
            "tao.nodes": sum(path) / EPOCHS,
            "tao.price_paid_usd_per_mtok": price,
            "tao.unmet_frac": 0.05 + (0.1 if case.policy == "fees_only" else 0.0) + 0.001 * own,
            "tao.e2e_p95_s": 4.0 + 0.1 * users + (2.0 if case.policy == "two_years" else 0.0),
            "tao.slo_met_frac": 0.9 - (0.05 if case.policy == "two_years" else 0.0) + 0.001 * own,
            "tao.energy_j_per_tok": None,
            "tao.emission_coin": 3600.0 if case.policy == "four_years" else 1800.0,
            "world.consumer_surplus_usd_per_day": 1000.0 + users,
            "tao.half_nodes_days": None,
        },
        series={"tao.nodes": path, "tao.e2e_p95_s": [4.0 if k % 4 == 0 else None for k in range(EPOCHS)]},
        times={"tao.half_nodes_days": 20.0 if case.policy == "two_years" and replication % 2 else None},
        histograms={"tao.ttft": [[10, 5], [2000, 1 + replication]]},
        operators=[{"network": "tao", "class": "home", "nodes": 10.0 + users, "margin_frac": 0.1}],
        flows=[FlowRow("USD", 9, "fee", "users", "operators", 5 + replication)],
        counts={"requests.completed": 100, "requests.arrived": 105},
        residuals={"USD": 0, "TAO": 0},
        unsupported={"tao.energy_j_per_tok": "no source for the power of its nodes"},
        notes=["drift 0.1 % over 90 days"] if case.policy == "four_years" else [],
    )


def make_plan(**changes) -> Plan:
    """A plan of three policies under two kinds of coin price."""
    plan = Plan(
        name="Does a faster halving empty the network?",
        scenario_file="demo.yaml",
        scenario_hash="abc",
        scenario_resolved="format: 1\n",
        start=datetime.date(2026, 1, 1),
        horizon_s=EPOCHS * EPOCH_S,
        epoch_s=EPOCH_S,
        policies_from_s=2 * EPOCH_S,
        policies=("four_years", "two_years", "fees_only"),
        baseline="four_years",
        coin_prices=("pool", "path"),
        replications=12,
        root_seed=7,
        networks={"tao": "TAO"},
        outcomes=("tao.price_paid_usd_per_mtok", "tao.nodes@end", "tao.slo_met_frac", "tao.e2e_p95_s"),
    )
    return dataclasses.replace(plan, **changes)


def make_cases(plan: Plan):
    """One resolved case a cell, as the scenario would give them."""
    return [SimpleNamespace(case=Case(*cell, key=f"key of {cell}")) for cell in plan.cells()]


def make_runs(plan: Plan) -> dict[Cell, list[RunRecord]]:
    """Every run of a plan."""
    return {
        Cell(*_cell(one.case)): [simulated(one.case, r) for r in range(plan.replications)] for one in make_cases(plan)
    }


def _cell(case: Case):
    return case.policy, case.coin_price, case.point


@pytest.fixture(scope="session")
def economy():
    """The functions above; a fixture, since test files are not importable from each other."""
    return SimpleNamespace(
        simulated=simulated, plan=make_plan, cases=make_cases, runs=make_runs, nodes=NODES, epoch_s=EPOCH_S, zone=Zone
    )
