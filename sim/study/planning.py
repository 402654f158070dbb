"""Reading a scenario as a study: the one module of this room that knows how a `Scenario` is made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.errors import ScenarioError, nearest
from sim.scenario import Scenario, Spec
from sim.scenario.asides import suffixes
from sim.scenario.keys import digest
from sim.scenario.references import zone
from sim.scenario.shocks import hits
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
        windows_every=spec.requests.every,
        outcomes=tuple(spec.compare.outcomes),
        indifferent=_zones(spec, tickers),
        slo_s=_targets(spec),
        checks=tuple(_check(scenario, index, tickers) for index in range(len(spec.checks))),
        changes=(*scenario.overrides, *scenario.changes),
        assumptions=tuple(scenario.assumptions),
        warnings=scenario.notices,
        parameters=scenario.parameters,
        sets=tuple(tuple(n for n in numbers if n is not None) for numbers in scenario.drawn),
        per_set=min(count, spec.seeds.per_set),
        shock_from_s=min((shock.begins for shock in spec.shocks), default=None),
        struck=frozenset(_struck(spec)),
        starts=tuple(spec.initial.alternatives or ()),
        asides=suffixes(scenario),
        asker=_asker(scenario),
    )


def _asker(scenario: Scenario) -> str:
    """Changes with the cases and with what makes others of them: `hold`, `equalize`, the laws of parameters; not with what is drawn or solved."""
    plain = dataclasses.replace(scenario, drawn=(), solved={}) if scenario.drawn or scenario.solved else scenario
    compare = plain.spec.compare.model_dump(mode="json", include={"hold", "equalize"})
    laws = [[one.path, one.law] for one in plain.parameters]
    return digest({"cases": sorted({one.case.key for one in plain.cases()}), "compare": compare, "laws": laws})


def _struck(spec: Spec) -> Iterator[tuple[str, str]]:
    """What shocks move themselves, of the outcomes that rules look at."""
    outcomes = {"coin": "coin_usd", "nodes": "nodes"}
    for shock in spec.shocks:
        for hit in hits(shock.target, spec):
            if hit.what in outcomes:
                yield hit.network, outcomes[hit.what]


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
        path=check.monotone_in or "",
        rising=check.direction != "falling",
        ranks=_ranks(scenario, check.monotone_in) if check.monotone_in else (),
        confidence=check.confidence,
        severity=check.severity,
        text=f"{check.outcome} {_promise(check)}",
        file=row.file if row is not None else "",
        line=row.line if row is not None else 0,
    )


def _promise(check: Any) -> str:
    if check.monotone_in:
        return f"{check.direction} in {check.monotone_in}"
    return f"{check.kind} {check.below or check.at_most or check.at_least}"


def _ranks(scenario: Scenario, path: str) -> tuple[int, ...]:
    """The place of each point's value of a varied path among its values, by size; in the order of the file where they have none."""
    kind = scenario.coin_prices[0]
    values = [_at(scenario.case(scenario.baseline, kind, point).after, path) for point in range(len(scenario.points))]
    found = list(dict.fromkeys(values))
    if all(isinstance(value, (int, float)) for value in found):
        found.sort()
    return tuple(found.index(value) for value in values)


def _at(block: Any, path: str) -> Any:
    """The resolved value at a dotted path: a number of its unit's base, or a text."""
    names = path.split(".")
    while names:
        # Names may hold dots (models): the longest key that is there.
        for size in range(len(names), 0, -1):
            name = ".".join(names[:size])
            inside = block.get(name) if isinstance(block, Mapping) else getattr(block, name, None)
            if inside is not None:
                block, names = inside, names[size:]
                break
        else:
            return None
    return getattr(block, "amount", block) if not isinstance(block, Mapping) else str(block)
