"""A loaded scenario: its specification, its cases, and where every value comes from."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.kept import Kept
from sim.records.run import Case
from sim.records.shown import shown
from sim.records.study import Assumption, Parameter, PolicyChange
from sim.scenario.assemble import validated, with_catalogue, with_files
from sim.scenario.chains import of_chains
from sim.scenario.changes import changes_between
from sim.scenario.costs import with_figures_in_force
from sim.scenario.crosscheck import case_problems
from sim.scenario.designs import joint
from sim.scenario.effects import may_set_up, with_set_up
from sim.scenario.keys import case_key, digest
from sim.scenario.knobs import Values
from sim.scenario.laws import Axis
from sim.scenario.library import Library
from sim.scenario.network import COINED, CoinNetwork
from sim.scenario.nodes import Node, plain
from sim.scenario.overlay import lay, policy_tree, with_coin_price
from sim.scenario.reader import read_value
from sim.scenario.rows import Source, assumptions, rows
from sim.scenario.spec import Spec

Point = tuple[tuple[str, Node], ...]
"""One point of a sweep: values by dotted path."""
MOVES_COIN_PRICE = ("supply", "split", "target", "vesting", "burnmint", "stake", "treasury", "chain")
"""Keys of a network that move the coin's price where it is endogenous: policies that differ here run under both kinds."""


@dataclasses.dataclass(frozen=True)
class ResolvedCase:
    """One policy under one kind of coin price at one point: everything a run needs but its replication.

    `before` holds until `policies_from` and is the baseline's (where `effects.may_set_up`, with the hardware of the policy),
    `after` from then on; both carry the case's kind of coin price and point. Maps in them are sorted by name, so that no run depends on the order of the file.
    """

    case: Case
    before: Spec
    after: Spec


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A scenario that is right as far as reading can tell. `sim.scenario.load` makes it.

    `spec` is the file with presets and the command line merged in, no policy. `notices` say what is read but has no effect
    yet. `overrides` are the command line's changes.
    """

    path: str
    spec: Spec
    policies: tuple[str, ...]
    baseline: str
    coin_prices: tuple[str, ...]
    notices: tuple[str, ...]
    changes: tuple[PolicyChange, ...]
    overrides: tuple[PolicyChange, ...]
    parts: Parts = dataclasses.field(repr=False, compare=False)
    sets: tuple[tuple[str, str], ...] = ()
    allow_path: tuple[str, ...] = ()
    drawn: tuple[tuple[float | None, ...], ...] = ()
    """Sets of the `parameters`, each number in its parameter's unit (None: the file's value); empty unless a copy was asked for them."""
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
    def points(self) -> tuple[dict[str, str], ...]:
        """The sweep's values as text, one empty dict without a sweep."""
        return tuple({path: _label(node) for path, node in point} for point in self.parts.points)

    @property
    def point_count(self) -> int:
        """How many points the sweep has, without drawing them."""
        return len(self.parts.points)

    @functools.cached_property
    def sources(self) -> dict[str, Source]:
        """For each resolved value its file, line and text, and for constants source, date and flag."""
        return {row.path: row for row in rows(self.spec, self.parts.base)}

    @functools.cached_property
    def assumptions(self) -> list[Assumption]:
        """The constants that the runs rest on, with their flags."""
        return [*with_figures_in_force(self.spec, assumptions(self.spec, self.parts.base)), *of_chains(self.spec)]

    def cases(self) -> list[ResolvedCase]:
        """Every policy x kind of coin price x point, policies outermost. Raises `ScenarioError` where a point is impossible.

        Behind the points of the sweep come, set after set, the same points with the parameters of a joint set.
        """
        return list(self._cases)

    @functools.cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of `uncertain:` that can be drawn, in the order of the file."""
        return tuple(self._parameter(axis) for axis in self.parts.axes)

    def _parameter(self, axis: Axis) -> Parameter:
        law, row = self.spec.uncertain[axis.path], self.sources.get(axis.path)
        flag = row.flag if row is not None else ""
        bounds = ", ".join(str(bound) for bound in law.bounds)
        return Parameter(
            axis.path, row.text if row is not None else "", f"{law.law} [{bounds}]", axis.unit,
            law.status or flag or "assumed", law.group or "", law.correlation,
        )  # fmt: skip

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The laws of the `parameters`."""
        return self.parts.axes

    def with_drawn(self, count: int) -> Scenario:
        """A copy with `count` joint sets of its uncertain parameters: a Latin hypercube from the root seed.

        Raises `ScenarioError` where the scenario has no uncertain parameter.
        """
        if not self.parts.axes:
            message = "no parameter is uncertain, so no set can be drawn"
            fix = "add for example `uncertain: {networks.tao.operators.home.electricity: {uniform: [0.08 USD/kWh, 0.25 USD/kWh]}}`"
            raise ScenarioError([Problem("uncertain", "uncertain", message, fix, self.path)])
        members = [(one.group, one.correlation or 0.0) for one in self.parameters]
        cube = joint(count, members, self.spec.seeds.root)
        return self.with_numbers([
            tuple(axis.number(float(u)) for axis, u in zip(self.parts.axes, row, strict=True)) for row in cube
        ])  # fmt: skip

    def with_numbers(self, sets: Sequence[Sequence[float | None]]) -> Scenario:
        """A copy with these sets of its uncertain parameters, each number in its parameter's unit; None keeps the file's value."""
        overlays = [
            tuple((axis.path, axis.node(number)) for axis, number in zip(self.parts.axes, numbers, strict=True) if number is not None)
            for numbers in sets
        ]  # fmt: skip
        return dataclasses.replace(self, parts=self.parts.with_sets(overlays), drawn=tuple(map(tuple, sets)))

    @functools.cached_property
    def _cases(self) -> list[ResolvedCase]:
        return [
            self.case(policy, kind, point)
            for policy in self.policies
            for kind in self.coin_prices
            for point in range(self.point_count * (1 + len(self.drawn)))
        ]

    def case(self, policy: str, coin_price: str, point: int = 0, values: Values | None = None) -> ResolvedCase:
        """One case, with `values` laid on its policy (by default those of `solved`). `KeyError` for a policy that is none.

        In a joint set the values hold that were solved at the file's own parameters.
        """
        if values is None:
            values = self.solved.get((policy, coin_price, point % self.point_count), ())
        before = self.parts.start(self.baseline, policy, coin_price, point)
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
        """Runs of the study: policies x kinds of coin price x points x replications, with those of joint sets."""
        cells = len(self.policies) * len(self.coin_prices) * self.point_count
        return self.base_runs + cells * len(self.drawn) * self.per_set

    @property
    def base_runs(self) -> int:
        """Those at the file's values."""
        return len(self.policies) * len(self.coin_prices) * self.point_count * self.spec.seeds.replications

    @property
    def per_set(self) -> int:
        """Replications in each joint set: never more than the study has."""
        return min(self.spec.seeds.per_set, self.spec.seeds.replications)

    def resolved_yaml(self) -> str:
        """The resolved scenario as YAML text, every default written out."""
        import yaml

        return str(
            yaml.safe_dump(
                self.spec.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True, width=120
            )
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the question, how many runs answer it, and what each policy changes; all text escaped."""
        spec, rows = self.spec, []
        for policy in self.policies:
            changed = [f"{one.path}: {one.old} -> {one.new}" for one in self.changes if one.policy == policy]
            rows.append([policy, "\n".join(changed) or ("the baseline" if policy == self.baseline else "-")])
        until = spec.start + datetime.timedelta(seconds=spec.horizon)
        lines = [
            f"{self.path}: {spec.start} to {until}, {len(self.policies)} policies x {len(self.coin_prices)} coin prices x "
            f"{self.point_count} points x {spec.seeds.replications} replications = {self.base_runs} runs",
            f"networks: {', '.join(spec.networks)}; users: {', '.join(spec.workload)}",
        ]
        return shown(self.name, lines, ("policy", "changes"), rows)

    def with_(self, values: Mapping[str, Any] | None = None, **more: Any) -> Scenario:
        """A copy with values at dotted paths, as `--set` would: `s.with_({"networks.tao.supply.every": "2 year"})`."""
        from sim.scenario.loader import load

        sets = [*self.sets, *((path, str(value)) for path, value in {**(values or {}), **more}.items())]
        return load(self.path, sets, self.allow_path)


class Parts:
    """What cases are put together from: the base tree, policies, points, and the command line's values."""

    def __init__(
        self,
        base: Node,
        policies: Mapping[str, Node],
        points: Sequence[Point],
        sets: Point,
        library: Library,
        axes: Sequence[Axis] = (),
        drawn: Sequence[Point] = (),
    ) -> None:
        self.base = base
        self.policies = dict(policies)
        self.points = points
        self.sets = sets
        self.library = library
        self.axes = tuple(axes)
        self.drawn = tuple(drawn)
        self._kept = functools.cache(self._spec)
        self.start = functools.cache(self._start)

    def with_sets(self, drawn: Sequence[Point]) -> Parts:
        """The same parts with joint sets: each is laid on every point, set after set behind the points themselves."""
        return Parts(self.base, self.policies, self.points, self.sets, self.library, self.axes, drawn)

    def _at(self, point: int) -> Point:
        drawn, index = divmod(point, len(self.points))
        return (*self.points[index], *(self.drawn[drawn - 1] if drawn else ()))

    def tree(
        self, policy: str | None, coin_price: str = "", point: int | None = None, values: Values = ()
    ) -> tuple[Node, list[Problem]]:
        """The tree of a case, and what is wrong with its policy's paths and files."""
        tree: Node = self.base
        problems: list[Problem] = []
        if policy is not None:
            tree, problems = policy_tree(tree, self.policies[policy])
        if point is not None:
            tree = lay(tree, self._at(point), skip=True)
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

    def spec(self, policy: str, coin_price: str, point: int, values: Values = ()) -> Spec:
        """What a policy says at a point: the same object however often it is asked for."""
        return self._kept(policy, coin_price, point, values)

    def _spec(self, policy: str, coin_price: str, point: int, values: Values) -> Spec:
        return self._valid(*self.tree(policy, coin_price, point, values))

    def _start(self, baseline: str, policy: str, coin_price: str, point: int) -> Spec:
        """What holds until `policies_from`: the baseline's, with the policy's own hardware where it may have some."""
        before = self.spec(baseline, coin_price, point)
        if policy == baseline or not may_set_up(before):
            return before
        first, wrong = self.tree(baseline, coin_price, point)
        tree, missing = with_catalogue(with_set_up(first, self.tree(policy, coin_price, point)[0]), self.library)
        return self._valid(tree, [*wrong, *missing])

    def _valid(self, tree: Node, problems: list[Problem]) -> Spec:
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
    workload, networks = {}, {}
    for name, klass in sorted(spec.workload.items()):
        workload[name] = _CLASSES.get((klass,), (first[name],), functools.partial(_buying, klass, first[name]))
    for name, network in sorted(spec.networks.items()):
        networks[name] = _NETWORKS.get((network,), (), functools.partial(_sorted_network, network))
    return spec.model_copy(update={"workload": workload, "networks": networks})


_CLASSES: Kept[Any] = Kept()
_NETWORKS: Kept[Any] = Kept()
"""Cases of a study share most of their blocks: what is made of one is one block too."""


def _buying(klass: Any, first: str) -> Any:
    """A class of users that buys from the network `first` where it names none."""
    demand = klass.demand
    if "network" in type(demand).model_fields and demand.network is None:
        demand = demand.model_copy(update={"network": first})
    return klass.model_copy(update={"demand": demand})


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
        update["treasury"] = dict(sorted(network.treasury.items()))
    return network.model_copy(update=update)


def _label(node: Node) -> str:
    kind = node.get("kind")
    return str(kind.value) if kind is not None else node.mark.typed or str(plain(node))


def coin_price_kinds(spec: Spec, policies: Sequence[Spec]) -> tuple[str, ...]:
    """The kinds of coin price that every case runs under, in order.

    Those of `compare.coin_price`; without it `pool` and `path` where policies differ in what moves the price, else the
    file's own kind (`given` where networks differ in it, `none` without coins).
    """
    coins = [network for network in spec.networks.values() if isinstance(network, COINED)]
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
