"""`load`: a scenario file to a `Scenario`, or one `ScenarioError` with everything that is wrong.

Precedence, highest first: **command line > point of a sweep > policy > scenario > extended preset > default**.

1. The file is read into a tree (`reader`); what it extends is merged below it; the command line is laid on top.
2. The tree is validated as it stands, then once for each policy, kind of coin price and value of a sweep.
3. Names that refer to each other are checked. All problems are collected, each told once, in the order of the file.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.records.study import PolicyChange
from sim.scenario import laws
from sim.scenario.assemble import validated, with_catalogue, with_files, with_presets
from sim.scenario.changes import changes_between
from sim.scenario.crosscheck import case_problems, study_problems
from sim.scenario.effects import may_set_up, policy_problems
from sim.scenario.knobs import knob_problems
from sim.scenario.laws import Axis, Drawn, bounds_of
from sim.scenario.library import Library
from sim.scenario.nodes import Mark, Node, Text, find, split
from sim.scenario.notices import notices
from sim.scenario.overlay import OPEN_TO_SWEEPS, lay, path_problem
from sim.scenario.overlays import ADDED, with_shocks
from sim.scenario.paths import PathError, locate
from sim.scenario.problems import at
from sim.scenario.reader import read_file, read_value
from sim.scenario.scenario import Parts, Point, Scenario, coin_price_kinds
from sim.scenario.shocks import shock_problems
from sim.scenario.spec import RESOLVED_KEYS, Spec

ALONE = "scenario"
"""Name of the one policy of a file that has none."""
MAX_POINTS = 100_000


def load(
    path: str | os.PathLike[str],
    sets: Iterable[str | tuple[str, str]] | Mapping[str, str] = (),
    allow_path: Sequence[str | os.PathLike[str]] = (),
) -> Scenario:
    """Read, merge, check: the scenario of a file.

    `sets` are changes by the command line, `a.b=value` or pairs; `allow_path` folders outside the scenario's own from
    which data files may come. Raises `ScenarioError` with all problems.
    """
    shown = os.fspath(path)
    root = read_file(path)
    if not root.is_map:
        raise ScenarioError(
            [
                at(
                    root.mark,
                    "block",
                    "",
                    "a scenario is a map of keys",
                    "write `format: 1` and the rest; `init` gives a start",
                )
            ]
        )
    pairs = _pairs(sets)
    return _Loading(root, shown, pairs, tuple(os.fspath(p) for p in allow_path)).scenario()


def _pairs(sets: Iterable[str | tuple[str, str]] | Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = []
    for item in sets.items() if isinstance(sets, Mapping) else sets:
        path, equals, value = item.partition("=") if isinstance(item, str) else (item[0], "=", item[1])
        if not equals or not path.strip():
            raise ScenarioError(
                [
                    Problem(
                        "set",
                        "",
                        f"--set '{path}' found; must be `path=value`",
                        "write for example `--set seeds.replications=4`",
                    )
                ]
            )
        found.append((path.strip(), value))
    return tuple(found)


class _Loading:
    """One file on its way to a scenario; `problems` grows, and is raised once at the end."""

    def __init__(self, root: Node, shown: str, pairs: tuple[tuple[str, str], ...], allow: tuple[str, ...]) -> None:
        self.shown, self.pairs, self.allow = shown, pairs, allow
        self.library = Library(Path(shown), shown, allow)
        self.problems: list[Problem] = []
        self.sets = self._read_sets()
        early = [(steps, node) for steps, node in self.sets if steps.endswith(".extends")]
        self.shocks = [node for path, node in self.sets if path == ADDED]
        self.file, wrong, self.broken = with_presets(lay(root, early), self.library)
        self.problems += wrong
        self.sets = self._known_sets([item for item in self.sets if item not in early and item[0] != ADDED])
        tree, wrong = with_shocks(self._policies_flat(lay(self.file, self.sets)), self.library, self.shocks)
        self.problems += wrong
        tree, catalogue = with_catalogue(tree, self.library)
        self.base, files = with_files(tree, self.library)
        self.problems += catalogue + files
        self.policies = self._policies()

    def _read_sets(self) -> list[tuple[str, Node]]:
        read = []
        for path, value in self.pairs:
            if not value.strip():
                self.problems.append(
                    Problem("set", path, f"--set {path} has no value", "write one, or `null` to take it away")
                )
                continue
            try:
                node = read_value(value, f"--set {path}")
            except ScenarioError as error:
                self.problems += error.problems
                continue
            mark = Mark(Text(f"--set {path}", "", ()), 0, 0, 1, value)
            read.append((path, node.under(mark)))
        return read

    def _known_sets(self, sets: list[tuple[str, Node]]) -> list[tuple[str, Node]]:
        known = []
        for path, node in sets:
            try:
                # What a policy may change is checked with the policies.
                if not path.startswith("policies."):
                    locate(Spec, self.file, split(self.file, path), new_entry=True)
                known.append((path, node))
            except PathError as error:
                head, _, rest = path.partition(".")
                if head in RESOLVED_KEYS:
                    fix = f"write {rest.rpartition('.')[0] or 'NAME'}.yaml beside the scenario, or compare values with `vary`"
                    told = f"`{head}` is filled in from the catalogue: the command line cannot set it"
                    self.problems.append(at(node.mark, "resolved_key", path, told, fix))
                    continue
                self.problems.append(at(node.mark, "unknown_path", path, f"`{path}`: {error}", error.hint))
        return known

    def _policies_flat(self, tree: Node) -> Node:
        """`--set policies.p.networks.tao.x=...` made a nested map in the policy: back to one dotted path."""
        policies = tree.get("policies")
        if policies is None or not policies.is_map:
            return tree
        for name, policy in policies.value.items():
            if policy.is_map and any("." not in path for path in policy.value):
                flat = {dotted: node for path, item in policy.value.items() for dotted, node in _dotted(path, item)}
                policies = policies.with_(name, dataclasses.replace(policy, value=flat))
        return tree.with_("policies", policies)

    def _policies(self) -> dict[str, Node]:
        node = self.base.get("policies")
        found = node.value if node is not None and node.is_map and node.value else {}
        return dict(found) or {ALONE: Node({}, self.base.mark)}

    def scenario(self) -> Scenario:
        """The scenario; raises `ScenarioError` with all problems."""
        spec, wrong = validated(self.base)
        self.problems += wrong
        self.problems += study_problems(self.base, list(self.policies))
        late = [(path, node) for path, node in self.sets if path.split(".")[0] in OPEN_TO_SWEEPS]
        parts = Parts(self.base, self.policies, ((),), tuple(late), self.library)
        by_policy = self._try_policies(parts)
        if spec is not None:
            self.problems += case_problems(spec, self.base)
            self.problems += shock_problems(spec, self.base)
            self.problems += knob_problems(spec, self.base)
            baseline = spec.compare.baseline or next(iter(self.policies))
            trees = {name: parts.tree(name)[0] for name in self.policies}
            self.problems += policy_problems(trees, baseline, may_set_up(spec))
        kinds = self._kinds(spec, [s for s in by_policy.values() if s is not None], parts) if spec is not None else ()
        points = self._points(parts, spec)
        axes = self._laws(parts)
        if self.problems or spec is None:
            raise ScenarioError(_in_order(p for p in self.problems if not self._follows(p)))
        parts = Parts(self.base, self.policies, points, tuple(late), self.library, axes)
        return self._made(spec, parts, kinds, by_policy)

    def _follows(self, problem: Problem) -> bool:
        """Whether a key is missing only because what should bring it could not be read: that is told already."""
        below = f"{problem.path}.".startswith(tuple(self.broken))
        return below and problem.kind in ("missing", "misfit") and "is missing" in problem.message

    def _made(self, spec: Spec, parts: Parts, kinds: tuple[str, ...], by_policy: Mapping[str, Spec | None]) -> Scenario:
        told = [change for name in self.policies for change in changes_between(name, self.base, parts.tree(name)[0])]
        varied = tuple(spec.vary.over) if spec.vary is not None else ()
        overrides = changes_between("", self.file, lay(self.file, self.sets)) if self.sets else []
        overrides += [PolicyChange("", "shocks", "", str(node.value), "--shock", 0) for node in self.shocks]
        return Scenario(
            path=self.shown,
            spec=spec,
            policies=tuple(self.policies),
            baseline=spec.compare.baseline or next(iter(self.policies)),
            coin_prices=kinds,
            notices=notices(spec, by_policy, self.sets, _moved(self.sets, told, varied)),
            changes=tuple(told),
            overrides=tuple(overrides),
            parts=parts,
            sets=self.pairs,
            allow_path=self.allow,
        )

    def _try(self, tree: Node, parts: Parts, coin_price: str = "") -> Spec | None:
        tree, wrong = parts.completed(tree, coin_price)
        spec, invalid = validated(tree)
        self.problems += wrong + invalid
        if spec is not None:
            self.problems += case_problems(spec, tree)
        return spec

    def _try_policies(self, parts: Parts) -> dict[str, Spec | None]:
        found: dict[str, Spec | None] = {}
        for name in self.policies:
            tree, wrong = parts.tree(name)
            spec, invalid = validated(tree)
            self.problems += wrong + invalid
            if spec is not None:
                self.problems += case_problems(spec, tree)
            found[name] = spec
        return found

    def _kinds(self, spec: Spec, policies: list[Spec], parts: Parts) -> tuple[str, ...]:
        kinds = coin_price_kinds(spec, policies)
        for kind in kinds:
            before = len(self.problems)
            self._try(self.base, parts, kind)
            for index in range(before, len(self.problems)):
                self.problems[index] = _about_kind(self.problems[index], kind)
        return kinds

    def _points(self, parts: Parts, spec: Spec | None) -> Sequence[Point]:
        over = find(self.base, "vary.over")
        if over is None or not over.is_map:
            return [()]
        axes: list[list[tuple[str, Node]]] = []
        ranges: list[Axis] = []
        for path, values in over.value.items():
            found: Axis | Problem | None = path_problem(self.base, path, values, OPEN_TO_SWEEPS, "a sweep")
            found = found or self._taken(path, values)
            if found is None and values.is_map:
                found = self._axis(path, values, parts)
            if isinstance(found, Problem):
                self.problems.append(found)
            elif isinstance(found, Axis):
                ranges.append(found)
            elif isinstance(values.value, list):
                axes.append([(path, value.under(values.key)) for value in values.value])
                for _, value in axes[-1]:
                    self._try(lay(self.base, [(path, value)]), parts)
        if spec is not None and spec.vary is not None and spec.vary.points is not None and ranges:
            return Drawn(ranges, spec.vary.design, spec.vary.points, spec.seeds.root)
        design = find(self.base, "vary.design")
        if design is not None and design.value == "zip":
            return list(zip(*axes, strict=False)) or [()]
        return self._grid(axes, over)

    def _grid(self, axes: list[list[tuple[str, Node]]], over: Node) -> list[Point]:
        count = 1
        for axis in axes:
            count *= len(axis)
        if count > MAX_POINTS:
            self.problems.append(
                at(
                    over.key,
                    "size",
                    "vary.over",
                    f"{count:,} points; a sweep has at most {MAX_POINTS:,}",
                    "vary fewer values",
                )
            )
            return [()]
        return list(itertools.product(*axes))

    def _taken(self, path: str, values: Node) -> Problem | None:
        """A path that the command line sets cannot vary: every point would be the same."""
        clash = next((given for given, _ in self.sets if path == given or path.startswith(f"{given}.")), None)
        return (
            at(
                values.key,
                "set_and_varied",
                path,
                f"`{path}` is varied here and set on the command line",
                f"leave out `--set {clash}`, or the sweep",
            )
            if clash
            else None
        )

    def _laws(self, parts: Parts) -> list[Axis]:
        known = self.base.get("uncertain")
        axes = []
        for path, law in known.value.items() if known is not None and known.is_map else ():
            problem = path_problem(self.base, path, law, OPEN_TO_SWEEPS, "`uncertain`") or self._settled(
                path, law, parts
            )
            found = problem or self._axis(path, law, parts)
            if isinstance(found, Problem):
                self.problems.append(found)
            elif found is not None and self._taken(path, law) is None:
                axes.append(found)
        return axes

    def _axis(self, path: str, law: Node, parts: Parts) -> Axis | Problem | None:
        if problem := laws.number_problem(self.base, path, law):
            return problem
        before = len(self.problems)
        for value in bounds_of(law):
            self._try(lay(self.base, [(path, value.under(law.key))]), parts)
        return laws.axis(self.base, path, law) if len(self.problems) == before else None

    def _settled(self, path: str, law: Node, parts: Parts) -> Problem | None:
        """A parameter that a sweep or a policy gives other values: a drawn one would take them away."""
        over = find(self.base, "vary.over")
        for other in over.value if over is not None and over.is_map else ():
            if _overlap(path, other):
                fix = "leave it out of `uncertain`, or of the sweep"
                return at(law.key, "varied", path, f"`{path}` is uncertain here and varied in `vary`", fix)
        for name in self.policies:
            tree, _ = parts.tree(name)
            if any(_overlap(path, change.path) for change in changes_between(name, self.base, tree)):
                message = f"`{path}` is uncertain here, and policy `{name}` sets it: a drawn value would take that away"
                return at(law.key, "set_by_policy", path, message, "leave it out of `uncertain`")
        return None


def _overlap(one: str, other: str) -> bool:
    """Whether two dotted paths are the same, or one is inside the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _moved(sets: Sequence[tuple[str, Node]], told: Sequence[PolicyChange], varied: Sequence[str]) -> tuple[str, ...]:
    """Dotted paths that the command line, a policy or a sweep moves, each once."""
    paths = (*(path for path, _ in sets), *(change.path for change in told), *varied)
    return tuple(dict.fromkeys(paths))


def _dotted(path: str, node: Node) -> list[tuple[str, Node]]:
    if "." not in path and node.is_map and "kind" not in node.value and path in OPEN_TO_SWEEPS:
        return [
            (f"{path}.{name}.{rest}", item)
            for name, below in node.value.items()
            if below.is_map
            for rest, item in below.value.items()
        ]
    return [(path, node)]


def _about_kind(problem: Problem, kind: str) -> Problem:
    if ".market" not in problem.path:
        return problem
    fix = f"{problem.fix}; or ask for one kind: `compare: {{coin_price: [{'path' if kind == 'pool' else 'pool'}]}}`"
    return dataclasses.replace(problem, message=f"{problem.message}, which coin price `{kind}` needs", fix=fix)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once (policies repeat those of the base), in the order of files and lines."""
    seen: dict[tuple[str, int, int, str], Problem] = {}
    for problem in problems:
        seen.setdefault((problem.file, problem.line, problem.column, problem.message), problem)
    files = list(dict.fromkeys(problem.file for problem in seen.values()))
    return sorted(seen.values(), key=lambda p: (files.index(p.file), p.line, p.column))
