"""A loaded scenario: its specification, its cases, and where every value comes from."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.records.run import Case
from sim.records.study import Assumption, PolicyChange
from sim.scenario.assemble import validated, with_catalogue, with_files
from sim.scenario.changes import changes_between
from sim.scenario.costs import with_figures_in_force
from sim.scenario.crosscheck import case_problems
from sim.scenario.keys import case_key, digest
from sim.scenario.knobs import Values
from sim.scenario.library import Library
from sim.scenario.network import CoinNetwork
from sim.scenario.nodes import Node, plain
from sim.scenario.overlay import lay, policy_tree, with_coin_price
from sim.scenario.reader import read_value
from sim.scenario.rows import Source, assumptions, rows
from sim.scenario.spec import Spec

Point = tuple[tuple[str, Node], ...]
"""One point of a sweep: values by dotted path."""
MOVES_COIN_PRICE = ("supply", "split", "burnmint", "stake")
"""Keys of a network that move the coin's price where it is endogenous: policies that differ here run under both kinds."""


@dataclasses.dataclass(frozen=True)
class ResolvedCase:
    """One policy under one kind of coin price at one point: everything a run needs but its replication.

    `before` holds until `policies_from` and is the baseline's, `after` from then on; both carry the case's kind of coin
    price and point. Maps in them are sorted by name, so that no run depends on the order of the file.
    """

    case: Case
    before: Spec
    after: Spec


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A scenario that is right as far as reading can tell. `sim.scenario.load` makes it.

    `spec` is the file with presets and the command line merged in, no policy. `notices` say what is read but has no effect
    yet. `points` are the sweep's values as text, one empty dict without a sweep. `overrides` are the command line's changes.
    """

    path: str
    spec: Spec
    policies: tuple[str, ...]
    baseline: str
    coin_prices: tuple[str, ...]
    points: tuple[dict[str, str], ...]
    notices: tuple[str, ...]
    changes: tuple[PolicyChange, ...]
    overrides: tuple[PolicyChange, ...]
    parts: Parts = dataclasses.field(repr=False, compare=False)
    sets: tuple[tuple[str, str], ...] = ()
    allow_path: tuple[str, ...] = ()
    solved: Mapping[tuple[str, str, int], Values] = dataclasses.field(default_factory=dict)
    """By (policy, kind of coin price, point): values that make policies equal, laid on the policy."""

    @property
    def name(self) -> str:
        """The scenario's question."""
        return self.spec.name

    @property
    def tree(self) -> Node:
        """The resolved tree without a policy: values with their marks."""
        return self.parts.base

    @functools.cached_property
    def sources(self) -> dict[str, Source]:
        """For each resolved value its file, line and text, and for constants source, date and flag."""
        return {row.path: row for row in rows(self.spec, self.parts.base)}

    @functools.cached_property
    def assumptions(self) -> list[Assumption]:
        """The constants that the runs rest on, with their flags."""
        return with_figures_in_force(self.spec, assumptions(self.spec, self.parts.base))

    def cases(self) -> list[ResolvedCase]:
        """Every policy x kind of coin price x point, policies outermost. Raises `ScenarioError` where a point is impossible."""
        return list(self._cases)

    @functools.cached_property
    def _cases(self) -> list[ResolvedCase]:
        return [
            self.case(policy, kind, point)
            for policy in self.policies
            for kind in self.coin_prices
            for point in range(len(self.points))
        ]

    def case(self, policy: str, coin_price: str, point: int = 0, values: Values | None = None) -> ResolvedCase:
        """One case, with `values` laid on its policy (by default those of `solved`). `KeyError` for a policy that is none."""
        if values is None:
            values = self.solved.get((policy, coin_price, point), ())
        before = self.parts.spec(self.baseline, coin_price, point)
        after = self.parts.spec(policy, coin_price, point, values)
        return ResolvedCase(Case(policy, coin_price, point, case_key(before, after)), before, after)

    @functools.cached_property
    def hash(self) -> str:
        """Content hash of the whole study: all cases, replications, and what is compared; comments and spelling apart."""
        study = self.spec.model_dump(mode="json", include={"name", "seeds", "compare", "checks"})
        cases = {f"{c.case.policy}/{c.case.coin_price}/{c.case.point}": c.case.key for c in self.cases()}
        return digest({"study": study, "cases": cases})

    @property
    def runs(self) -> int:
        """Runs of the study: policies x kinds of coin price x points x replications."""
        return len(self.policies) * len(self.coin_prices) * len(self.points) * self.spec.seeds.replications

    def resolved_yaml(self) -> str:
        """The resolved scenario as YAML text, every default written out."""
        import yaml

        return str(
            yaml.safe_dump(
                self.spec.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True, width=120
            )
        )

    def with_(self, values: Mapping[str, Any] | None = None, **more: Any) -> Scenario:
        """A copy with values at dotted paths, as `--set` would: `s.with_({"networks.tao.supply.every": "2 year"})`."""
        from sim.scenario.loader import load

        sets = [*self.sets, *((path, str(value)) for path, value in {**(values or {}), **more}.items())]
        return load(self.path, sets, self.allow_path)


class Parts:
    """What cases are put together from: the base tree, policies, points, and the command line's values."""

    def __init__(
        self, base: Node, policies: Mapping[str, Node], points: Sequence[Point], sets: Point, library: Library
    ) -> None:
        self.base = base
        self.policies = dict(policies)
        self.points = tuple(points)
        self.sets = sets
        self.library = library
        self.spec = functools.cache(self._spec)

    def tree(
        self, policy: str | None, coin_price: str = "", point: int | None = None, values: Values = ()
    ) -> tuple[Node, list[Problem]]:
        """The tree of a case, and what is wrong with its policy's paths and files."""
        tree: Node = self.base
        problems: list[Problem] = []
        if policy is not None:
            tree, problems = policy_tree(tree, self.policies[policy])
        if point is not None:
            tree = lay(tree, self.points[point], skip=True)
        tree = lay(tree, [(path, read_value(text, f"solved {path}")) for path, text in values], skip=True)
        return self.completed(tree, coin_price, problems)

    def completed(
        self, tree: Node, coin_price: str = "", problems: Sequence[Problem] = ()
    ) -> tuple[Node, list[Problem]]:
        """A tree with the command line on top, its kind of coin price, its catalogue entries and files."""
        if coin_price:
            tree = with_coin_price(tree, coin_price)
        tree = lay(tree, self.sets, skip=True)
        tree, catalogue = with_catalogue(tree, self.library)
        tree, files = with_files(tree, self.library)
        return tree, [*problems, *catalogue, *files]

    def _spec(self, policy: str, coin_price: str, point: int, values: Values = ()) -> Spec:
        tree, problems = self.tree(policy, coin_price, point, values)
        spec, wrong = validated(tree)
        problems += wrong
        if spec is not None:
            problems += case_problems(spec, tree)
        if spec is None or problems:
            raise ScenarioError(problems)
        return canonical_spec(spec)


def canonical_spec(spec: Spec) -> Spec:
    """A resolved spec whose networks, classes and operators are sorted by name.

    Where order has a meaning it is written out first: a class that names no network buys from the first of the file that
    serves its model.
    """
    first = {name: _first_network(spec, klass.model) for name, klass in spec.workload.items()}
    workload = {}
    for name, klass in sorted(spec.workload.items()):
        demand = klass.demand
        if "network" in type(demand).model_fields and demand.network is None:
            demand = demand.model_copy(update={"network": first[name]})
        workload[name] = klass.model_copy(update={"demand": demand})
    networks = {name: _sorted_network(network) for name, network in sorted(spec.networks.items())}
    return spec.model_copy(update={"workload": workload, "networks": networks})


def _first_network(spec: Spec, model: str) -> str:
    serving = (
        name
        for name, network in spec.networks.items()
        if any(o.model in (None, model) for o in network.operators.values())
    )
    return next(serving, next(iter(spec.networks)))


def _sorted_network(network: Any) -> Any:
    update: dict[str, Any] = {"operators": dict(sorted(network.operators.items()))}
    if isinstance(network, CoinNetwork):
        update["burnmint"] = dict(sorted(network.burnmint.items()))
    return network.model_copy(update=update)


def coin_price_kinds(spec: Spec, policies: Sequence[Spec]) -> tuple[str, ...]:
    """The kinds of coin price that every case runs under, in order.

    Those of `compare.coin_price`; without it `pool` and `path` where policies differ in what moves the price, else the
    file's own kind (`given` where networks differ in it, `none` without coins).
    """
    coins = [network for network in spec.networks.values() if isinstance(network, CoinNetwork)]
    if not coins:
        return ("none",)
    if spec.compare.coin_price is not None:
        return tuple(spec.compare.coin_price)
    if any(_moves(policy) != _moves(policies[0]) for policy in policies[1:]):
        return ("pool", "path")
    own = {network.market.kind for network in coins}
    return (own.pop(),) if len(own) == 1 else ("given",)


def _moves(spec: Spec) -> Any:
    return {name: [getattr(network, key, None) for key in MOVES_COIN_PRICE] for name, network in spec.networks.items()}


__all__ = ["ResolvedCase", "Scenario", "changes_between", "plain"]
