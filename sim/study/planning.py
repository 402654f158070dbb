"""Reading a scenario as a study: the one module of this room that knows how a `Scenario` is made."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import ScenarioError, nearest
from sim.scenario import Scenario, Spec
from sim.scenario.references import zone
from sim.study.plan import Check, Plan, Zone


def plan_of(scenario: Scenario, replications: int | None = None, policies: Sequence[str] | None = None) -> Plan:
    """The plan of a loaded scenario, with another number of replications and some of its policies where given.

    Policies keep the scenario's order. Raises `ScenarioError` for one that it does not have, and for replications below 1.
    """
    spec = scenario.spec
    count = spec.seeds.replications if replications is None else replications
    if count < 1:
        raise ScenarioError(f"replications: {count} found; must be at least 1")
    tickers = {name: _ticker(spec, name) for name in spec.networks}
    return Plan(
        name=scenario.name,
        scenario_file=scenario.path,
        scenario_hash=scenario.hash,
        scenario_resolved=scenario.resolved_yaml(),
        start=spec.start,
        horizon_s=spec.horizon,
        epoch_s=spec.epoch,
        policies_from_s=spec.policies_from,
        policies=_chosen(scenario.policies, policies),
        baseline=scenario.baseline,
        coin_prices=scenario.coin_prices,
        replications=count,
        root_seed=spec.seeds.root,
        networks=tickers,
        points=scenario.points,
        estimand=spec.estimand,
        requests_mode=spec.requests.mode,
        outcomes=tuple(spec.compare.outcomes),
        indifferent=_zones(spec, tickers),
        slo_s=_targets(spec),
        checks=tuple(_check(scenario, index, tickers) for index in range(len(spec.checks))),
        changes=(*scenario.overrides, *scenario.changes),
        assumptions=tuple(scenario.assumptions),
        warnings=scenario.notices,
    )


def _chosen(known: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    for name in wanted or ():
        if name not in known:
            near = nearest(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ScenarioError(f"policy '{name}' found; {hint}")
    return tuple(name for name in known if not wanted or name in wanted)


def _ticker(spec: Spec, network: str) -> str:
    coin = getattr(spec.networks[network], "coin", None)
    return "" if coin is None else str(coin.ticker)


def _zones(spec: Spec, tickers: dict[str, str]) -> dict[str, Zone]:
    zones = {"default": Zone(relative=0.02)}
    for name, text in spec.compare.indifferent.items():
        read = zone(text, name, tickers.get(name.partition(".")[0], ""))
        zones[name] = Zone(read.relative, read.absolute)
    return zones


def _targets(spec: Spec) -> dict[str, float]:
    """The SLO by metric where all client classes that have one agree: one line can stand in a figure of all requests."""
    classes = [klass.slo for klass in spec.workload.values() if klass.slo is not None]
    targets = {metric: {getattr(slo, metric) for slo in classes} for metric in ("ttft", "tpot")}
    return {metric: float(values.pop()) for metric, values in targets.items() if len(values) == 1}


def _check(scenario: Scenario, index: int, tickers: dict[str, str]) -> Check:
    check = scenario.spec.checks[index]
    row = scenario.sources.get(f"checks.{index}.outcome")
    limit = check.limit(tickers.get(check.outcome.partition(".")[0], ""))
    return Check(
        kind=check.kind,
        outcome=check.outcome,
        policy=check.policy or "",
        limit=0.0 if limit is None else limit,
        other=check.below or "",
        confidence=check.confidence,
        severity=check.severity,
        text=f"{check.outcome} {check.kind} {check.below or check.at_most or check.at_least}",
        file=row.file if row is not None else "",
        line=row.line if row is not None else 0,
    )
