"""The lines of `checks:`: absolute promises (`at_most`, `at_least`), relative ones (`below` another policy), and ways (`monotone_in`).

A check holds (`ok` True) where the data show it, fails (False) where they show the opposite, and is undecided (None)
between. All go by one-sided bounds at the check's confidence: of the mean for `at_most` and `at_least` (a bound on the limit
itself holds), of the paired difference for `below` (a difference of exactly 0 is not below). A check must hold under every
kind of coin price and at every point of a sweep.

`monotone_in` goes from each value of a varied path to the next larger one, all other values kept, by paired differences. It
holds where each step's bound lies above minus the zone of indifference (counted in the promised direction): no step goes
back by more than what matters. It fails where a step's bound lies below minus the zone, at a confidence shared among the steps (Bonferroni),
as one bad step is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.study import CheckResult
from sim.study import statistics
from sim.study.plan import Cell, Check, Plan
from sim.study.rounding import told, with_interval
from sim.study.values import within_range
from sim.study.verdicts import Table

Found = tuple[bool | None, str]
_RANK = {False: 0, None: 1, True: 2}


def run_checks(plan: Plan, table: Table) -> list[CheckResult]:
    """One result a check and policy, in the order of the file; policies that did not run have none."""
    results = []
    for check in plan.checks:
        policies = [check.policy] if check.policy else [policy for policy in plan.policies if policy != check.other]
        results += [_result(plan, check, policy, table) for policy in policies if policy in plan.policies]
    return results


def _result(plan: Plan, check: Check, policy: str, table: Table) -> CheckResult:
    cells = [cell for cell in plan.cells() if cell.policy == policy]
    if check.kind == "monotone_in":
        # One chain of steps a kind of coin price and setting of the other varied paths: told at its first point.
        chains = _chains(plan, check, cells)
        cells = [chain[0] for chain in chains]
        each = [_monotone(plan, check, chain, table) for chain in chains]
    else:
        each = [_check(plan, check, cell, table) for cell in cells]
    several = len(cells) > 1
    # What decides stands first: where the check fails, then where it is undecided. Long lists are cut.
    order = sorted(range(len(cells)), key=lambda place: _RANK[each[place][0]])
    found = "; ".join(
        f"{_where(plan, cells[place], check.path)}: {each[place][1]}" if several else each[place][1] for place in order
    )
    text = check.text or _text(plan, check)
    return CheckResult(
        text, check.outcome, policy, _all([ok for ok, _ in each]), check.severity, found, check.file, check.line
    )


def _check(plan: Plan, check: Check, cell: Cell, table: Table) -> Found:
    values = table[check.outcome, cell]
    numbers = values.complete
    if numbers is None:
        return None, f"not supported: {values.reason}"
    if check.kind == "below":
        return _below(plan, check, cell, table, numbers)
    found = within_range(check.outcome, statistics.mean_interval(numbers, 2 * check.confidence - 1))
    unit = plan.unit(check.outcome)
    if found.low is None or found.high is None:
        return None, f"{told(found.mean, unit)}: one replication gives no interval"
    text = with_interval(found.mean or 0.0, found.low, found.high, unit)
    holds = found.high <= check.limit if check.kind == "at_most" else found.low >= check.limit
    breaks = found.low > check.limit if check.kind == "at_most" else found.high < check.limit
    return (True, text) if holds else (False, text) if breaks else (None, f"{text}: not enough runs")


def _below(plan: Plan, check: Check, cell: Cell, table: Table, numbers: Sequence[float]) -> Found:
    if check.other not in plan.policies:
        return None, f"{check.other} did not run"
    other = table[check.outcome, cell._replace(policy=check.other)]
    theirs = other.complete
    if theirs is None:
        return None, f"{check.other} not supported: {other.reason}"
    found = statistics.paired(numbers, theirs, check.confidence)
    unit = plan.unit(check.outcome)
    text = f"{told(found.policy_mean, unit)} against {told(found.baseline_mean, unit)}"
    bounds = statistics.one_sided_bounds(found, check.confidence)
    if bounds is None:
        return None, f"{text}: one replication gives no interval"
    low, high = bounds
    if high < 0:
        return True, f"{text}: below with {check.confidence * 100:.4g} % confidence"
    return (False, f"{text}: not below") if low >= 0 else (None, f"{text}: not enough runs")


def _chains(plan: Plan, check: Check, cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells that differ in the varied path alone, in order of its values; of `zip` all points of a kind of coin price."""
    paths = [path for path in plan.points[0] if path != check.path]
    settings = [tuple(point[path] for path in paths) for point in plan.points]
    # Lists side by side: every point has values of its own, and the whole list is one chain.
    alone = len(set(settings)) * len(set(check.ranks)) != len(plan.points)
    chains: dict[tuple[object, ...], list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: check.ranks[cell.point]):
        chains.setdefault((cell.coin_price, () if alone else settings[cell.point]), []).append(cell)
    return list(chains.values())


def _monotone(plan: Plan, check: Check, chain: Sequence[Cell], table: Table) -> Found:
    """Whether an outcome goes one way along a chain of cells."""
    each = [table[check.outcome, cell].complete for cell in chain]
    if None in each:
        return None, f"not supported: {table[check.outcome, chain[each.index(None)]].reason}"
    numbers = [values for values in each if values is not None]
    sign, steps = (1 if check.rising else -1), len(chain) - 1
    strict = 1 - (1 - check.confidence) / max(steps, 1)
    found: list[tuple[bool | None, int]] = []
    for place in range(steps):
        step = statistics.paired(numbers[place + 1], numbers[place], check.confidence)
        zone = plan.zone(check.outcome).half_width(step.baseline_mean)
        found.append((_step(step, sign, zone, check.confidence, strict), place))
    means = " -> ".join(told(statistics.mean(values), plan.unit(check.outcome)) for values in numbers)
    for state, why in ((False, "goes the other way"), (None, "not enough runs to tell")):
        for ok, place in found:
            if ok is state:
                ends = [plan.points[cell.point][check.path] for cell in chain[place : place + 2]]
                return state, f"{means}: {why} from {ends[0]} to {ends[1]}"
    return True, means


def _step(step: statistics.Paired, sign: int, zone: float, confidence: float, strict: float) -> bool | None:
    bounds = statistics.one_sided_bounds(step, confidence)
    shared = statistics.one_sided_bounds(step, strict)
    if bounds is None or shared is None:
        return None
    low = bounds[0] if sign > 0 else -bounds[1]
    high = shared[1] if sign > 0 else -shared[0]
    return True if low >= -zone else False if high < -zone else None


def _all(each: Sequence[bool | None]) -> bool | None:
    return False if False in each else None if None in each else True


def _where(plan: Plan, cell: Cell, along: str = "") -> str:
    """Kind of coin price and point, as far as there are several; without the path that a chain goes along."""
    values = {path: value for path, value in plan.points[cell.point].items() if path != along}
    point = ", ".join(f"{path.rpartition('.')[2]} {value}" for path, value in values.items())
    return ", ".join(part for part in (cell.coin_price if len(plan.coin_prices) > 1 else "", point) if part)


def _text(plan: Plan, check: Check) -> str:
    if check.kind == "monotone_in":
        return f"{check.outcome} {'rising' if check.rising else 'falling'} in {check.path}"
    if check.kind == "below":
        return f"{check.outcome} below {check.other} with {check.confidence * 100:.4g} % confidence"
    return f"{check.outcome} {check.kind} {told(check.limit, plan.unit(check.outcome))}"
