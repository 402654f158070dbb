"""Verdicts in words.

For example "Two years: 23 % fewer nodes at the end [-27, -19]; price paid: no difference." A sentence claims only what every kind of coin price agrees on. Relative differences are percent of the baseline's mean; outcomes that
are shares themselves are told in percentage points (pp); the interval stands in the same unit as the number before it.

Where no sets of uncertain parameters were run, or fewer than `FEW_SETS`, the first sentence says so: precision of the simulation alone is no reason to
call a policy better. Where they were, a difference that too few sets repeat "depends on" the two parameters it moves with most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sim.records.outcomes import OUTCOMES, split_name
from sim.records.study import Summary, Verdict
from sim.study.over_sets import FEW_SETS, SAME
from sim.study.plan import Plan
from sim.study.rounding import interval, interval_decimals, listed, point_words, readable, told, with_interval

CLEAR = ("better", "worse", "higher", "lower")
COUNTED = ("nodes", "GPUs", "operators")
"""Units whose outcomes are "more" or "fewer" rather than "higher" or "lower"."""
_REST = {
    "no difference": "no difference",
    "depends on how the coin is priced": "depends on how the coin is priced",
    "undecided": "not enough runs",
    "not comparable": "not comparable",
    "not supported": "not supported",
}
_AT = {"": "", "end": " at the end", "min": " at the lowest", "max": " at the highest"}


def sentences(plan: Plan, verdicts: Sequence[Verdict], summaries: Sequence[Summary] = ()) -> list[str]:
    """One sentence a policy (and point of a small sweep); where nothing is compared, one a policy with its outcomes.

    `summaries` are those of the declared outcomes, in their order; they are read only where there are no verdicts.
    """
    if not verdicts:
        return [*_not_varied(plan, ""), *(_summary_sentence(plan, policy, summaries) for policy in plan.policies)]
    heads = headline(plan, verdicts)
    many = len({split_name(verdict.outcome)[0] for verdict in heads}) > 1
    told_now = _not_varied(plan, "what is told holds at the file's values, and ")
    for policy in dict.fromkeys(verdict.policy for verdict in heads):
        mine = [verdict for verdict in heads if verdict.policy == policy]
        told_now += [_sweep_sentence(plan, mine, many)] if len(plan.points) > 3 else _by_point(plan, mine, many)
    if len(plan.coin_prices) > 1:
        told_now.append(
            f"What is said holds under each kind of coin price ({listed(list(plan.coin_prices))}) unless it says otherwise."
        )
    if plan.sets:
        told_now.append(
            f"What is said of differences holds in at least {100 * SAME:g} % of {len(plan.sets)} joint sets of the uncertain parameters "
            "unless it says otherwise; brackets tell the noise of the simulation at the file's values"
            f"{_beside_sets(plan)}."
        )
    return told_now


def _beside_sets(plan: Plan) -> str:
    """What a study with sets tells without them."""
    parts = {
        "checks": bool(plan.checks),
        "what shocks broke": plan.shock_from_s is not None,
        "what was held equal": bool(plan.solved),
        "other starts": bool(plan.starts),
    }
    here = [name for name, is_told in parts.items() if is_told]
    verb = "is" if len(here) == 1 and here[0].startswith("what") else "are"
    return f"; {listed(here)} {verb} told at the file's values alone" if here else ""


def _not_varied(plan: Plan, head: str) -> list[str]:
    """The first sentence of a study that did not ask what uncertain parameters do, or hardly."""
    count = len(plan.sets)
    if count >= FEW_SETS:
        return []
    varied = "not varied (no --uncertain)"
    if count:
        varied = f"varied in {count} joint set{'s' if count > 1 else ''} only, of {FEW_SETS} at least"
    return [f"Uncertain parameters were {varied}: {head}intervals tell the noise of the simulation alone."]


def headline(plan: Plan, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that sentences speak of: the joint ones, or those of the only kind of coin price."""
    kind = "both" if len(plan.coin_prices) > 1 else plan.coin_prices[0]
    return [verdict for verdict in verdicts if verdict.coin_price == kind]


def _by_point(plan: Plan, verdicts: Sequence[Verdict], many: bool) -> list[str]:
    made = []
    for point, values in enumerate(plan.points):
        mine = [verdict for verdict in verdicts if verdict.point == point]
        at = point_words(values)
        label = f"{readable(mine[0].policy)} ({at})" if at else readable(mine[0].policy)
        made.append(f"{label}: {'; '.join(_parts(mine, many))}.")
    return made


def _parts(verdicts: Sequence[Verdict], many: bool) -> list[str]:
    parts = [_clear(verdict, many) + _condition(verdict) for verdict in verdicts if verdict.word in CLEAR]
    rest: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.word not in CLEAR:
            rest.setdefault(_rest(verdict), []).append(outcome_name(verdict.outcome, many))
    order = [text for text in _REST.values() if text in rest]
    return parts + [f"{listed(rest[text])}: {text}" for text in dict.fromkeys([*order, *rest])]


def _rest(verdict: Verdict) -> str:
    if verdict.word == "depends on parameters":
        return f"depends on {listed([parameter_name(path) for path in verdict.depends]) or 'parameters'}"
    return _REST[verdict.word] + _condition(verdict)


def _condition(verdict: Verdict) -> str:
    return f", conditional on an illustrative value of {parameter_name(verdict.condition)}" if verdict.condition else ""


def parameter_name(path: str) -> str:
    """A dotted path as a reader sees it: `networks.tao.operators.home.electricity` is `tao home electricity`."""
    return " ".join(step for step in path.split(".")[1:] if step not in ("operators", "demand")).replace("_", " ")


def _clear(verdict: Verdict, many: bool) -> str:
    """`23 % fewer nodes at the end [-27, -19]` or `price paid 12 % lower [-14, -10], better`."""
    amount, bounds = _amount(verdict)
    up = (verdict.difference or 0) > 0
    if verdict.unit in COUNTED:
        return f"{amount} {'more' if up else 'fewer'} {outcome_name(verdict.outcome, many)} {bounds}"
    value = f", {verdict.word}" if verdict.word in ("better", "worse") else ""
    return f"{outcome_name(verdict.outcome, many)} {amount} {'higher' if up else 'lower'} {bounds}{value}"


def _amount(verdict: Verdict) -> tuple[str, str]:
    """The size of the difference without its sign, and its interval, both in percent, in pp, or in the outcome's unit."""
    points = verdict.unit == "%"
    if points or verdict.relative is None:
        numbers, unit = (verdict.difference, verdict.low, verdict.high), "pp" if points else verdict.unit
    else:
        numbers, unit = (verdict.relative, verdict.relative_low, verdict.relative_high), "%"
    scale = 100 if unit in ("pp", "%") else 1
    middle, low, high = (scale * (number or 0.0) for number in numbers)
    decimals = interval_decimals(middle, low, high)
    return f"{told(abs(middle), decimals=decimals)} {unit}".rstrip(), interval(low, high, decimals)


def outcome_name(reference: str, with_network: bool) -> str:
    """`nodes at the end`, or `tao nodes at the end` where several networks are spoken of."""
    network, name, at = split_name(reference)
    label = OUTCOMES[name].label
    where = f"{network} " if with_network and network != "world" else ""
    return f"{where}{label}{_AT.get(at, f' on {at}')}"


def _sweep_sentence(plan: Plan, verdicts: Sequence[Verdict], many: bool) -> str:
    parts = []
    for reference in dict.fromkeys(verdict.outcome for verdict in verdicts):
        mine = [verdict for verdict in verdicts if verdict.outcome == reference]
        words = Counter(_REST.get(verdict.word, verdict.word) + _condition(verdict) for verdict in mine)
        counts = ", ".join(
            f"{word} in {count}" for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0]))
        )
        parts.append(f"{outcome_name(reference, many)}: {counts} of {len(plan.points)} points")
    return f"{readable(verdicts[0].policy)}: {'; '.join(parts)}."


def _summary_sentence(plan: Plan, policy: str, summaries: Sequence[Summary]) -> str:
    mine = [
        summary
        for summary in summaries
        if summary.policy == policy and summary.coin_price == plan.coin_prices[0] and summary.point == 0
    ]
    many = len({split_name(summary.outcome)[0] for summary in mine}) > 1
    parts = [_level(summary, many) for summary in mine]
    kind = f" (coin price: {plan.coin_prices[0]})" if len(plan.coin_prices) > 1 else ""
    return f"{readable(policy)}{kind}: {'; '.join(parts) or 'no outcome has a number'}."


def _level(summary: Summary, many: bool) -> str:
    name = outcome_name(summary.outcome, many)
    unit = "" if summary.unit == OUTCOMES[split_name(summary.outcome)[1]].label else summary.unit
    if summary.mean is None:
        return f"{name}: not supported"
    if summary.low is None or summary.high is None:
        return f"{name} {told(summary.mean, unit)}"
    return f"{name} {with_interval(summary.mean, summary.low, summary.high, unit)}"
