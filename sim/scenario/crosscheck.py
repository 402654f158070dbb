"""What no single block can know: names that refer to each other, times that must fit, GPUs that must hold models."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from sim.blocks import Block
from sim.errors import Problem, ScenarioError
from sim.kept import Kept
from sim.records.outcomes import AGGREGATES, OUTCOMES, split_name
from sim.scenario.network import COINED
from sim.scenario.nodes import Node, find, plain
from sim.scenario.paths import near_hint
from sim.scenario.problems import at
from sim.scenario.references import known_at, measure, zone
from sim.scenario.registered import pairs_of, problems_of
from sim.scenario.spec import Spec
from sim.scenario.study import Check, Compare, Equalize, Vary
from sim.tokenomics.settle import Terms, terms
from sim.units import DAY_S, Dated, Money, UnitError, parse
from sim.workload.classes import problems as class_problems

LONGEST_S = 10 * DAY_S
"""The engines' integers are proved for stretches up to this long."""

MOST_OUTAGES = 100_000
MOST_ROUNDS = 1_000_000
MOST_PARTS = 50_000_000
"""Outages of a region in a run, those under way at its start included."""


@dataclasses.dataclass(frozen=True)
class World:
    """What references may name: networks with their coin's ticker (empty: no coin; None: unknown), policies, first and last day.

    Read from the tree, so that references are checked even where other values are wrong. `days` is None if unknown.
    """

    networks: dict[str, str | None]
    policies: list[str]
    days: tuple[datetime.date, datetime.date] | None

    @classmethod
    def of(cls, tree: Node, policies: list[str]) -> World:
        """The world that a tree tells of."""
        networks = tree.get("networks")
        items = networks.value.items() if networks is not None and networks.is_map else ()
        return cls({name: _declared_ticker(node) for name, node in items}, policies, _days(tree))


def _declared_ticker(network: Node) -> str | None:
    kind, ticker = network.get("kind"), find(network, "coin.ticker")
    if ticker is not None and isinstance(ticker.value, str):
        return ticker.value
    return "" if kind is not None and kind.value == "central" else None


def _days(tree: Node) -> tuple[datetime.date, datetime.date] | None:
    start, horizon = tree.get("start"), tree.get("horizon")
    try:
        first = datetime.date.fromisoformat(str(start.value)) if start is not None else None
        seconds = parse(horizon.value, "duration") if horizon is not None else None
        return (
            (first, first + datetime.timedelta(seconds=float(seconds)))
            if first is not None and isinstance(seconds, float)
            else None
        )
    except (ValueError, OverflowError):
        return None


def study_problems(tree: Node, policies: list[str]) -> Iterator[Problem]:
    """Problems of references in `compare` and `checks`; blocks that are wrong in themselves are told elsewhere."""
    world = World.of(tree, policies)
    compare = _block(Compare, tree.get("compare"))
    if isinstance(compare, Compare):
        yield from _compare(compare, tree, world)
    checks = tree.get("checks")
    for index, node in enumerate(checks.value if checks is not None and isinstance(checks.value, list) else ()):
        check = _block(Check, node)
        if isinstance(check, Check):
            yield from _check(check, tree, world, f"checks.{index}")


def _block(kind: type[Block], node: Node | None) -> Block | None:
    try:
        return kind.model_validate(plain(node), context={"yaml": True}) if node is not None else None
    except ValidationError:
        return None


def _check(check: Check, tree: Node, world: World, where: str) -> Iterator[Problem]:
    yield from _reference(tree, world, check.outcome, f"{where}.outcome")
    for key in ("policy", "below"):
        named = getattr(check, key)
        if named is not None and named not in world.policies:
            yield _problem(
                tree,
                f"{where}.{key}",
                "unknown_policy",
                f"there is no policy `{named}`",
                near_hint(named, world.policies),
            )
    if check.monotone_in is not None:
        yield from _monotone(check.monotone_in, tree, f"{where}.monotone_in")
    if reference_problem(world, check.outcome) is None:
        try:
            check.limit(_ticker(world, check.outcome))
        except UnitError as error:
            yield _problem(tree, f"{where}.{check.kind}", error.kind, str(error), error.hint)


def _monotone(path: str, tree: Node, where: str) -> Iterator[Problem]:
    """A path that an outcome may be monotone in: one whose values a grid, or lists side by side, run through."""
    vary = _block(Vary, tree.get("vary"))
    over = list(vary.over) if isinstance(vary, Vary) else []
    if path not in over:
        hint = near_hint(path, over) if over else "add it to `vary.over`"
        yield _problem(tree, where, "unknown_path", f"`{path}` is not varied", hint)
    elif isinstance(vary, Vary) and vary.design not in ("grid", "zip"):
        yield _problem(
            tree, where, "design", f"points of `{vary.design}` are in no order along one path", "use `design: grid`"
        )


def case_problems(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Problems of the times, networks and classes of one resolved case."""
    yield from _times(spec, tree)
    yield from _classes(spec, tree)
    yield from _coins(spec, tree)
    yield from _fleets(spec, tree)
    yield from _tiers(spec, tree)
    yield from _regions(spec, tree)
    yield from _distances(spec, tree)
    yield from _routers(spec, tree)
    yield from _prices(spec, tree)
    yield from _listings(spec, tree)
    yield from _jobs(spec, tree)
    yield from _trust(spec, tree)
    for path, kind, message, fix in problems_of(spec):
        yield _problem(tree, path, kind, message, fix, of_key=True)


def _problem(tree: Node, path: str, kind: str, message: str, fix: str, of_key: bool = False) -> Problem:
    node = find(tree, path)
    while node is None and "." in path:
        path = path.rpartition(".")[0]
        node = find(tree, path)
    node = node or tree
    return at(node.key if of_key and node.key is not None else node.mark, kind, path, message, fix)


def _times(spec: Spec, tree: Node) -> Iterator[Problem]:
    if spec.horizon > (datetime.date.max - spec.start).days * DAY_S:
        yield _problem(tree, "horizon", "range", "the run ends after the year 9999", "write a shorter horizon")
    if spec.epoch > spec.horizon:
        yield _problem(tree, "epoch", "range", "the epoch is longer than the horizon", "write a shorter epoch")
    if spec.policies_from >= spec.horizon:
        yield _problem(
            tree, "policies_from", "range", "policies begin at or after the horizon", "write a time before the horizon"
        )
    elif spec.epoch <= spec.horizon <= math.ceil(spec.policies_from / spec.epoch) * spec.epoch:
        yield _problem(
            tree,
            "policies_from",
            "range",
            "policies begin inside the last epoch, so that no epoch holds them",
            "write an earlier time, or a shorter epoch",
        )
    if spec.requests.mode == "sampled" and spec.requests.window > min(spec.epoch, LONGEST_S):
        yield _problem(
            tree, "requests.window", "range", "a window is longer than the epoch or 10 days", "write a shorter window"
        )
    if spec.requests.mode == "all" and spec.epoch > LONGEST_S:
        yield _problem(
            tree,
            "epoch",
            "range",
            "an epoch lasts at most 10 days where every request is simulated",
            "write for example `epoch: 1 week`",
        )


def _compare(compare: Compare, tree: Node, world: World) -> Iterator[Problem]:
    if compare.baseline is not None and compare.baseline not in world.policies:
        yield _problem(
            tree,
            "compare.baseline",
            "unknown_policy",
            f"there is no policy `{compare.baseline}`",
            near_hint(compare.baseline, world.policies),
        )
    for index, reference in enumerate(compare.outcomes):
        yield from _reference(tree, world, reference, f"compare.outcomes.{index}")
    if compare.equalize is not None:
        yield from _equalize(compare.equalize, tree, world)
    zones = find(tree, "compare.indifferent")
    for reference, text in compare.indifferent.items():
        entry = zones.get(reference) if zones is not None else None
        path = f"compare.indifferent.{reference}"
        problem = reference_problem(world, reference) if reference != "default" else None
        if problem is not None:
            yield at(entry.key if entry else None, problem[0], path, problem[1], problem[2])
            continue
        try:
            zone(text, reference, _ticker(world, reference))
        except UnitError as error:
            yield at(entry.mark if entry else None, error.kind, path, str(error), error.hint)


def _equalize(asked: Equalize, tree: Node, world: World) -> Iterator[Problem]:
    problem = reference_problem(world, asked.outcome)
    if problem is not None:
        yield _problem(tree, "compare.equalize.outcome", *problem)
    elif asked.value != "baseline":
        try:
            measure(asked.value, asked.outcome, _ticker(world, asked.outcome))
        except UnitError as error:
            fix = f"{error.hint}, or `baseline`"
            yield _problem(tree, "compare.equalize.value", error.kind, str(error), fix)


def _ticker(world: World, reference: str) -> str:
    return world.networks.get(split_name(reference)[0]) or ""


def _reference(tree: Node, world: World, reference: str, path: str) -> Iterator[Problem]:
    problem = reference_problem(world, reference)
    if problem is not None:
        yield _problem(tree, path, *problem)


def reference_problem(world: World, reference: str) -> tuple[str, str, str] | None:
    """Kind, message and fix of what is wrong with an outcome reference; None if it names an outcome of the run."""
    network, name, when = split_name(reference)
    outcome = OUTCOMES.get(name)
    if outcome is None:
        return "unknown_outcome", f"there is no outcome `{name}`", near_hint(name, OUTCOMES)
    if outcome.scope == "world":
        if network != "world":
            return "unknown_outcome", f"`{name}` belongs to the whole world", f"write `{name}`"
    elif network == "world":
        return (
            "unknown_network",
            f"`{name}` is an outcome of a network",
            f"write for example `{next(iter(world.networks), 'tao')}.{name}`",
        )
    elif network not in world.networks:
        return "unknown_network", f"there is no network `{network}`", near_hint(network, world.networks)
    elif "coin" in outcome.needs and world.networks[network] == "":
        return (
            "no_coin",
            f"`{network}` has no coin, so it has no `{name}`",
            "name a network with a coin, or another outcome",
        )
    if not known_at(when):
        return (
            "unknown_time",
            f"'@{when}' is no time",
            f"write {', '.join('@' + word for word in AGGREGATES)} or a date such as @2028-01-01",
        )
    return _date_problem(world, when)


def _date_problem(world: World, when: str) -> tuple[str, str, str] | None:
    if not when or when in AGGREGATES or world.days is None:
        return None
    first, last = world.days
    if first <= datetime.date.fromisoformat(when) <= last:
        return None
    return "range", f"{when} lies outside the run", f"the run goes from {first} to {last}"


def _classes(spec: Spec, tree: Node) -> Iterator[Problem]:
    classes = list(spec.workload)
    if all(other in spec.workload for klass in spec.workload.values() for other in klass.correlation):
        for problem in class_problems(spec.workload):
            yield _problem(tree, problem.path, problem.kind, problem.message, problem.fix)
    for name, klass in spec.workload.items():
        for other in klass.correlation:
            if other not in spec.workload or other == name:
                told = f"there is no class `{other}`" if other != name else "a class cannot be correlated with itself"
                yield _problem(
                    tree,
                    f"workload.{name}.correlation.{other}",
                    "unknown_class",
                    told,
                    near_hint(other, [c for c in classes if c != name]),
                    of_key=True,
                )
        chosen = getattr(klass.demand, "network", None)
        if isinstance(chosen, str) and chosen not in spec.networks:
            yield _problem(
                tree,
                f"workload.{name}.demand.network",
                "unknown_network",
                f"there is no network `{chosen}`",
                near_hint(chosen, spec.networks),
            )
        start = getattr(klass.demand, "start", None)
        for network in start if isinstance(start, Mapping) else ():
            if network not in spec.networks:
                yield _problem(
                    tree,
                    f"workload.{name}.demand.start.{network}",
                    "unknown_network",
                    f"there is no network `{network}`",
                    near_hint(network, spec.networks),
                    of_key=True,
                )


def _coins(spec: Spec, tree: Node) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, network in spec.networks.items():
        ticker = network.coin.ticker if isinstance(network, COINED) else ""
        if ticker and ticker in seen:
            yield _problem(
                tree,
                f"networks.{name}.coin.ticker",
                "ticker",
                f"{ticker} is the coin of `{seen[ticker]}` already",
                "give each coin its own ticker",
            )
        seen[ticker] = name
        for path, money in _money(network, f"networks.{name}"):
            if money.currency not in ("USD", ticker):
                own = f"USD or {ticker}" if ticker else "USD: this network has no coin"
                yield _problem(
                    tree, path, "currency", f"'{money.currency}' is no currency of `{name}`", f"write it in {own}"
                )
        yield from _terms(network, ticker, tree, f"networks.{name}")


def _terms(network: Any, ticker: str, tree: Node, where: str) -> Iterator[Problem]:
    """Contradictions between the price list and the terms of payment."""
    try:
        found = terms(
            network.settle,
            getattr(network.price, "currency", "USD"),
            getattr(network.price, "pay", None),
            bool(ticker),
            f"{where}.settle",
        )
    except ScenarioError as error:
        for problem in error.problems:
            path = f"{where}.settle" if find(tree, f"{where}.settle") is not None else f"{where}.price"
            yield _problem(tree, path, problem.kind, problem.message, problem.fix, of_key=True)
        return
    yield from _burns(network, found, tree, where)
    target = getattr(network, "target", None)
    if found.pay == "usd" and target is not None and target.vaults:
        message = "a target that pays out of vaults needs what users pay in coins"
        yield _problem(
            tree, f"{where}.target", "settle", message, "write `pay: coin`, or another `target`", of_key=True
        )


def _burns(network: Any, found: Terms, tree: Node, where: str) -> Iterator[Problem]:
    """Rules that burn what nobody pays, and programs that need other terms of payment."""
    rules = getattr(network, "burnmint", {})
    kinds = {name: rule.kind for name, rule in rules.items()}
    if found.pay == "usd" and set(kinds.values()) - {"buyback"}:
        message = "users pay in USD, so there are no coins to burn"
        fix = "write `pay: coin`, or buy the coin with the take: `kind: buyback`"
        yield _problem(tree, f"{where}.burnmint", "settle", message, fix, of_key=True)
    for name, kind in kinds.items():
        path, message, fix = f"{where}.burnmint.{name}", "", ""
        if kind == "buyback" and found.pay == "coin":
            message, fix = "users pay in coins, so the take is in coins already", "write `pay: usd`, or burn a `share`"
        elif kind == "vault" and found.quote == "coin":
            message, fix = "a vault sells credits in USD, but prices are in coins", "write prices in USD"
        elif kind == "vault" and network.settle.via is not None:
            message, fix = (
                "users of a vault pay with its credits",
                "leave `settle.via` out; `cover` says how many they keep",
            )
        elif kind == "vault" and list(kinds.values()).count("vault") > 1:
            message, fix = "a network has one vault", "leave one out"
        if message:
            yield _problem(tree, path, "settle", message, fix, of_key=True)


_HOLD_MONEY = (Money, Dated, Block, dict)
_MONEY: Kept[list[tuple[str, Money]]] = Kept()
"""By what stands under a name, as classes of operators do: most cases of a study share them."""


def _below(value: Any) -> list[tuple[str, Money]]:
    return list(_money(value, ""))


def _money(value: Any, path: str) -> Iterator[tuple[str, Money]]:
    if isinstance(value, Money):
        yield path, value
    elif isinstance(value, Dated):
        for _, step in value.steps:
            yield from _money(step, path)
    elif isinstance(value, Block):
        for name, item in vars(value).items():
            # Most of what stands in blocks is a number or a text: to go into each would take longest of all.
            if isinstance(item, _HOLD_MONEY):
                yield from _money(item, f"{path}.{name}")
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, _HOLD_MONEY):
                for below, money in _MONEY.get((item,), (), functools.partial(_below, item)):
                    yield f"{path}.{name}{below}", money


def _fleets(spec: Spec, tree: Node) -> Iterator[Problem]:
    wanted = list(dict.fromkeys(klass.model for klass in spec.workload.values()))
    for name, network in spec.networks.items():
        fitting: set[tuple[Any, ...]] = set()
        for label, operator in network.operators.items():
            where = f"networks.{name}.operators.{label}"
            models = [operator.model] if operator.model is not None else wanted
            if operator.model is not None and operator.model not in wanted:
                yield _problem(
                    tree,
                    f"{where}.model",
                    "unknown_model",
                    f"no client class asks for `{operator.model}`",
                    near_hint(operator.model, wanted),
                )
            elif len(models) > 1:
                yield _problem(
                    tree,
                    where,
                    "missing",
                    f"`model` is missing: the workload asks for {', '.join(models)}",
                    f"add for example `model: {models[0]}`",
                    of_key=True,
                )
            elif (kind := (operator.gpu, models[0], operator.per_node, id(operator.interconnect))) not in fitting:
                found = list(_fit(spec, tree, network, operator, models[0], where))
                yield from found
                if not found:
                    fitting.add(kind)


def _tiers(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Planned classes that stand behind one another: in a line of planned classes that ends."""
    for name, network in spec.networks.items():
        for label, operator in network.operators.items():
            if operator.behind is None:
                continue
            where = f"networks.{name}.operators.{label}.behind"
            others = [other for other in network.operators if other != label]
            first = network.operators.get(operator.behind)
            if operator.decides != "planned":
                message = f"`{label}` decides {operator.decides}; only a planned class stands behind another"
                yield _problem(tree, where, "decides", message, "write `decides: planned`, or leave `behind` out")
            elif first is None:
                message = f"there is no class of operators `{operator.behind}`"
                yield _problem(tree, where, "unknown_operator", message, near_hint(operator.behind, others))
            elif operator.behind == label:
                message = "a class cannot stand behind itself"
                yield _problem(tree, where, "circle", message, "name another class, or leave `behind` out")
            elif first.decides != "planned":
                message = f"`{operator.behind}` decides {first.decides}; a class stands behind a planned one"
                yield _problem(tree, where, "decides", message, f"write `decides: planned` at `{operator.behind}`")
            elif len(line := _line(network.operators, label)) > 1 and line[-1] == label:
                message = f"classes stand behind one another in a circle: {' behind '.join(line)}"
                yield _problem(tree, where, "circle", message, "leave one `behind` out")


def _line(operators: Mapping[str, Any], label: str) -> list[str]:
    """The classes before a class, itself first; up to the first that comes twice, or is not there."""
    line = [label]
    while (ahead := operators[line[-1]].behind) in operators:
        line.append(ahead)
        if line.count(ahead) > 1:
            break
    return line


def _regions(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Outages of a region that no node is in, and more of them than a run can hold."""
    there = {operator.region for network in spec.networks.values() for operator in network.operators.values()}
    for region, outage in spec.outages.items():
        lasts_s = outage.law.mean_s(outage.lasts)
        if (spec.horizon + lasts_s) / outage.every > MOST_OUTAGES:
            message = (
                f"about {(spec.horizon + lasts_s) / outage.every:,.0f} outages in the run; at most {MOST_OUTAGES:,}"
            )
            yield _problem(tree, f"outages.{region}.every", "range", message, "write a longer `every`")
        if region not in there:
            known = sorted(filter(None, there))
            fix = near_hint(region, known) if known else f"write `region: {region}` at a class of operators"
            yield _problem(
                tree, f"outages.{region}", "unknown_region", f"no node is in region `{region}`", fix, of_key=True
            )


def _distances(spec: Spec, tree: Node) -> Iterator[Problem]:
    """With a table of round trips, everybody is somewhere in it: a missing one would pass for 0."""
    if not spec.latency:
        return
    for name, klass in spec.workload.items():
        yield from _place(tree, f"workload.{name}", klass.region, list(spec.latency), "a row")
    for name, network in spec.networks.items():
        for label, operator in network.operators.items():
            for row in spec.latency.values():
                found = list(
                    _place(tree, f"networks.{name}.operators.{label}", operator.region, list(row), "in each row")
                )
                yield from found
                if found:
                    break


def _routers(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Routers that weigh know each class of operators; one that stays near knows the ways."""
    from sim.serving.routers.weighted import Weighted

    for name, network in spec.networks.items():
        where = f"networks.{name}.router"
        if network.router.kind == "region_nearest" and not spec.latency:
            message = "`latency` is missing: `region_nearest` goes by it"
            fix = "add for example `latency: {eu: {eu: 20 ms, us: 90 ms}}`"
            yield _problem(tree, where, "missing", message, fix, of_key=True)
        if isinstance(network.router, Weighted):
            key = network.router.by_class
            weighed, there = list(network.router.shares()), list(network.operators)
            if not weighed:
                yield from _by_providers_prices(network, tree, where)
                continue
            for owner in weighed:
                if owner not in there:
                    message = f"there is no class of operators `{owner}`"
                    yield _problem(
                        tree,
                        f"{where}.{key}.{owner}",
                        "unknown_operator",
                        message,
                        near_hint(owner, there),
                        of_key=True,
                    )
            for owner in there:
                if owner not in weighed:
                    message = f"`{owner}` is missing: the router weighs each class of operators"
                    yield _problem(tree, f"{where}.{key}", "missing", message, f"add `{owner}`", of_key=True)


def _by_providers_prices(network: Any, tree: Node, where: str) -> Iterator[Problem]:
    """A router that is told no prices takes those that providers ask, which must be some."""
    if network.price.kind != "by_provider":
        message = f"`prices` is missing: under `price.kind: {network.price.kind}` no class asks a price of its own"
        fix = "add `prices`, or write `price: {kind: by_provider}`"
        yield _problem(tree, where, "missing", message, fix, of_key=True)
    elif network.price.free:
        message = f"everything of `{network.price.free[0]}` is free, so that 1 / price^2 has no bounds"
        yield _problem(tree, where, "range", message, "let it ask something, or choose another router", of_key=True)


def _listings(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Somebody is listed as the run begins; who is listed for a while belongs to one network, and to no chain."""
    for name, network in spec.networks.items():
        for label, operator in network.operators.items():
            path, dated = f"networks.{name}.operators.{label}", operator.listed_from or operator.listed_until
            if dated is None:
                continue
            key = "listed_from" if operator.listed_from else "listed_until"
            if network.kind == "bittensor":
                message = "miners are registered on their chain"
                yield _problem(tree, f"{path}.{key}", "chain", message, f"leave `{key}` out", of_key=True)
            if any((name, label) in pair for pair in pairs_of(spec)):
                message = "nodes that may work in several networks are listed for good"
                fix = f"leave `{key}` or `register_in` out"
                yield _problem(tree, f"{path}.{key}", "registered", message, fix, of_key=True)
        if not any(operator.listed_on(spec.start) for operator in network.operators.values()):
            message = f"nobody is listed on {spec.start}, the first day"
            yield _problem(
                tree,
                f"networks.{name}.operators",
                "missing",
                message,
                "let one class be listed from the start",
                of_key=True,
            )


def _lists(network: Any, tree: Node, where: str) -> Iterator[Problem]:
    """Each class of operators asks a price, and nobody else does, for one model."""
    asked, there = network.price.lists, list(network.operators)
    models = list(dict.fromkeys(operator.model for operator in network.operators.values()))
    if len(models) > 1:
        message = f"classes serve {', '.join(str(model) for model in models)}; users see one mean price, so they must serve one model"
        yield _problem(tree, where, "model", message, "make a network of each model, or write `kind: posted`")
    for name in asked:
        if name not in there:
            message = f"there is no class of operators `{name}`"
            path = f"{where}.lists.{name}"
            yield _problem(tree, path, "unknown_operator", message, near_hint(name, there), of_key=True)
    for name in there:
        if name not in asked:
            message = f"`{name}` is missing: each class of operators asks its own price"
            yield _problem(tree, f"{where}.lists", "missing", message, f"add `{name}`", of_key=True)
        kinds = [one.kind for one in network.operators[name].strategies.values()]
        if "self_dealing" in kinds:
            message = f"`{name}` deals with itself, which is simulated at one price for all"
            yield _problem(tree, where, "strategy", message, "write `kind: posted`", of_key=True)


def _prices(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Prices that are asked by, or for the hour of, a class of nodes name classes that are there."""
    for name, network in spec.networks.items():
        if network.price.kind == "by_provider":
            yield from _lists(network, tree, f"networks.{name}.price")
        whose, there = getattr(network.price, "of", None), list(network.operators)
        if whose is not None and whose not in there:
            message = f"there is no class of operators `{whose}`"
            yield _problem(tree, f"networks.{name}.price.of", "unknown_operator", message, near_hint(whose, there))


def _trust(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Penalties with nothing to take, strategies of more than all owners, and modes of requests that cannot show them."""
    for name, network in spec.networks.items():
        where = f"networks.{name}"
        slash = getattr(network, "slash", None)
        for offence in type(slash).model_fields if slash is not None else ():
            if getattr(slash, offence) is not None and network.stake is None:
                fix = "add for example `stake: {kind: fixed, amount: 100 COIN}`".replace("COIN", network.coin.ticker)
                message = "nothing is staked, so there is nothing to take"
                yield _problem(tree, f"{where}.slash.{offence}", "missing", message, fix, of_key=True)
        for label, operator in network.operators.items():
            inside = f"{where}.operators.{label}"
            if sum(strategy.share for strategy in operator.strategies.values()) > 1 + 1e-12:
                message = "the strategies' shares exceed 100 %; who has none is honest"
                yield _problem(tree, f"{inside}.strategies", "sum", message, "write smaller shares", of_key=True)
            for key, strategy in operator.strategies.items():
                at = f"{inside}.strategies.{key}"
                if strategy.model is not None:
                    yield from _fit(spec, tree, network, operator, strategy.model, at, "model")
                if strategy.gpu is not None:
                    yield from _pretended(spec, tree, network, operator, strategy.gpu, at)


def _pretended(spec: Spec, tree: Node, network: Any, operator: Any, gpu: str, where: str) -> Iterator[Problem]:
    """The GPU that is really there must serve the model too, and be another one."""
    if gpu == operator.gpu:
        yield _problem(tree, f"{where}.gpu", "same", f"`{gpu}` is what the class says it has", "name another GPU")
        return
    model = operator.model or next(iter({klass.model for klass in spec.workload.values()}))
    other = operator.model_copy(update={"gpu": gpu, "interconnect": None})
    yield from _fit(spec, tree, network, other, model, where)


def _jobs(spec: Spec, tree: Node) -> Iterator[Problem]:
    """Jobs that come after the end, more rounds than a run can hold, and networks that cannot share their nodes."""
    for name, job in spec.jobs.items():
        where = f"jobs.{name}"
        if job.first >= spec.horizon:
            message = "the first job comes at or after the horizon"
            yield _problem(tree, f"{where}.first", "range", message, "let it come earlier")
            continue
        jobs = 1 + (spec.horizon - job.first) / job.between.mean_s(job.every)
        # Who is never idle makes one round after another.
        round_s = job.look if job.kind == "shared" else job.straggler.mean_s(job.round_time)
        rounds = min(jobs * job.rounds, job.at_once * spec.horizon / round_s)
        if max(jobs, rounds) > MOST_ROUNDS or rounds * job.workers > MOST_PARTS:
            message = (
                f"about {jobs:,.0f} jobs and {rounds:,.0f} rounds of {job.workers} workers in the run; at most "
                f"{MOST_ROUNDS:,} of each, and {MOST_PARTS:,} parts of workers"
            )
            fix = "write a longer `every`, or fewer `rounds`"
            yield _problem(tree, where, "range", message, fix, of_key=True)
        if job.kind == "shared":
            yield from _shared_job(spec, tree, job, where)


def _shared_job(spec: Spec, tree: Node, job: Any, where: str) -> Iterator[Problem]:
    if spec.requests.mode != "all":
        message = f"`requests.mode: {spec.requests.mode}` found; jobs on shared nodes need every request"
        yield _problem(tree, f"{where}.kind", "mode", message, "write `requests: {mode: all}`, or `kind: own`")
    if job.network not in spec.networks:
        message = f"there is no network `{job.network}`"
        yield _problem(tree, f"{where}.network", "unknown_network", message, near_hint(job.network, spec.networks))
        return
    models = list(dict.fromkeys(klass.model for klass in spec.workload.values()))
    served = [o.model or models[0] for o in spec.networks[job.network].operators.values()]
    known = list(dict.fromkeys(served))
    if job.model is None and len(known) > 1:
        message = f"`model` is missing: `{job.network}` serves {', '.join(known)}"
        yield _problem(tree, where, "missing", message, f"add for example `model: {known[0]}`", of_key=True)
    elif job.model is not None and job.model not in known:
        message = f"`{job.network}` does not serve `{job.model}`"
        yield _problem(tree, f"{where}.model", "unknown_model", message, near_hint(job.model, known))


def _place(tree: Node, where: str, region: str | None, known: list[str], what: str) -> Iterator[Problem]:
    if region is None:
        message = "`region` is missing: `latency` tells how far users are from nodes"
        yield _problem(tree, where, "missing", message, f"add for example `region: {known[0]}`", of_key=True)
    elif region not in known:
        message = f"region `{region}` is not {what} of `latency`"
        yield _problem(tree, f"{where}.region", "unknown_region", message, near_hint(region, known))


def _fit(
    spec: Spec, tree: Node, network: Any, operator: Any, model: str, where: str, key: str = "gpu"
) -> Iterator[Problem]:
    from sim.serving.tables import kept_replica_type

    gpu, llm = spec.gpus.get(operator.gpu), spec.models.get(model)
    if gpu is None or llm is None:
        return
    try:
        kept_replica_type(gpu, llm, network.serving, operator.interconnect)
        if key == "gpu" and operator.per_node < network.serving.tp:
            message = f"{operator.per_node} found; a replica takes {network.serving.tp} GPUs (`serving.tp`)"
            yield _problem(tree, f"{where}.per_node", "fit", message, f"write `per_node: {network.serving.tp}` or more")
    except ScenarioError as error:
        for problem in error.problems:
            yield _problem(tree, f"{where}.{key}", "fit", problem.message, problem.fix or "choose another GPU or model")
