"""The rows of the verdict table, as page, Markdown and terminal print them: verdicts gathered, none made."""

from __future__ import annotations

import dataclasses
import math

from sim.records.run import Number
from sim.records.study import StudyRecord, Verdict
from sim.report import words


@dataclasses.dataclass(frozen=True)
class Row:
    """One outcome under one policy against the baseline: a verdict a kind of coin price, and the one that counts.

    `joint` is the verdict over both kinds where the record has one, else the only kind's; None where several kinds stand
    alone.
    """

    outcome: str
    policy: str
    baseline: str
    point: int
    by_kind: dict[str, Verdict]
    joint: Verdict | None

    @property
    def word(self) -> str:
        """The word that counts; each kind's own where there is no joint verdict."""
        if self.joint is not None:
            return self.joint.word
        return "; ".join(f"{kind}: {verdict.word}" for kind, verdict in self.by_kind.items())

    @property
    def why(self) -> str:
        """The reason of a word that is no plain answer."""
        if self.joint is not None and self.joint.why:
            return self.joint.why
        return "; ".join(dict.fromkeys(verdict.why for verdict in self.by_kind.values() if verdict.why))


def heads(record: StudyRecord) -> list[str]:
    """The heads of the verdict table."""
    several = len(record.coin_prices) > 1
    kinds = [words.coin_price_words(kind) for kind in record.coin_prices] if several else ["difference"]
    return ["outcome", "verdict", *(["over parameter sets"] if record.sets else []), *kinds]


def windows(verdict: Verdict | None) -> str:
    """What the choice of windows adds: `windows ±0.4 s`; empty where they do not decide, or nothing beside the noise of runs."""
    if verdict is None or not verdict.window_half:
        return ""
    if verdict.unit == "%":
        half = words.percent(verdict.window_half).lstrip("+")
        return f"windows ±{half} pp" if float(half) else ""
    unit = verdict.unit
    return f"windows ±{words.plain(words.in_reading_unit(verdict.window_half, verdict.unit))} {unit}".rstrip()


def over_sets(verdict: Verdict | None) -> tuple[str, str, str]:
    """What the joint sets of uncertain parameters say to a verdict: the share that repeats it, the range of its difference, what it moves with.

    `same sign in 93 % of 40`, `-31.0 to -4.2 nodes`, `moves most with tao home electricity`; each empty without sets.
    """
    if verdict is None or not verdict.sets:
        return "", "", ""
    said = "within the zone" if _kept_word(verdict) == "no difference" else "same sign"
    share = words.NONE if verdict.same_frac is None else f"{said} in {100 * verdict.same_frac:.0f} % of {verdict.sets}"
    names = words.listing(words.parameter_name(path) for path in verdict.depends)
    return share, _range(verdict), f"moves most with {names}" if names else ""


def _kept_word(verdict: Verdict) -> str:
    """The word at the file's values, which a verdict that depends on parameters tells in its reason."""
    return (
        verdict.why.partition(" at the file's values")[0] if verdict.word == "depends on parameters" else verdict.word
    )


def _range(verdict: Verdict) -> str:
    """5 to 95 % of the difference over sets, in the outcome's unit (shares in pp): each set has a baseline of its own."""
    low, high = verdict.set_low, verdict.set_high
    if low is None or high is None:
        return ""
    if verdict.unit == "%":
        return f"{words.percent(low)} to {words.percent(high)} pp"
    size = max(abs(low), abs(high))
    if size < 1e-5 or size >= 999.5:
        return f"{words.signed(low, '')} to {words.signed(high, verdict.unit)}"
    # Both ends with the decimals of the larger: a range is one thing.
    decimals = max(0, 2 - math.floor(math.log10(size)))
    return f"{low:+.{decimals}f} to {high:+.{decimals}f} {verdict.unit}".rstrip()


def rows(record: StudyRecord, point: int) -> list[Row]:
    """The table of one point: policies in the record's order, outcomes in the order of the verdicts."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in record.verdicts:
        if verdict.point == point:
            groups.setdefault((verdict.policy, verdict.outcome), []).append(verdict)
    order = {policy: index for index, policy in enumerate(record.policies)}
    ranked = sorted(groups.items(), key=lambda item: order.get(item[0][0], len(order)))
    return [_row(policy, outcome, group) for (policy, outcome), group in ranked]


def by_policy(table: list[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of each policy, in the order of the table."""
    names = dict.fromkeys(row.policy for row in table)
    return [(name, [row for row in table if row.policy == name]) for name in names]


def _row(policy: str, outcome: str, group: list[Verdict]) -> Row:
    by_kind = {v.coin_price: v for v in group if v.coin_price != "both"}
    joint = next((v for v in group if v.coin_price == "both"), None)
    if joint is None and len(by_kind) == 1:
        joint = next(iter(by_kind.values()))
    return Row(outcome, policy, group[0].baseline, group[0].point, by_kind, joint)


def points(record: StudyRecord) -> list[int]:
    """The points that have verdicts or outcomes, in order."""
    return sorted(
        {v.point for v in record.verdicts}
        | {s.point for s in record.outcomes}
        | ({0} if not record.outcomes else set())
    )


def difference(verdict: Verdict) -> tuple[str, str]:
    """A verdict's difference as a first line with interval and a second line with the means it comes from."""
    between = words.signed_span(verdict.low, verdict.high, verdict.unit)
    absolute = f"{words.signed(verdict.difference, verdict.unit)} {between}".rstrip()
    if verdict.difference is None:
        return words.NONE, ""
    means = f"{_bare(verdict.baseline_mean, verdict.unit)} → {words.amount(verdict.policy_mean, verdict.unit)}"
    # A share's difference is told in percentage points, as the sentences tell it: percent of percent misleads.
    if verdict.unit == "%":
        return words.relative(verdict.difference, verdict.low, verdict.high, "pp"), means
    if verdict.relative is None:
        return absolute, means
    tail = f" ({words.signed(verdict.difference, verdict.unit)})" if _shows(verdict) else ""
    return words.relative(verdict.relative, verdict.relative_low, verdict.relative_high), f"{means}{tail}"


def size(verdict: Verdict) -> Number:
    """The number that `difference` tells first, which sorting goes by: a share's difference, else the relative one."""
    return verdict.difference if verdict.unit == "%" or verdict.relative is None else verdict.relative


def _shows(verdict: Verdict) -> bool:
    """Whether the difference is at least half of the third digit of the means, the last that they show."""
    size = max(abs(verdict.baseline_mean or 0.0), abs(verdict.policy_mean or 0.0))
    return abs(verdict.difference or 0.0) >= 0.005 * 10.0 ** math.floor(math.log10(size)) if size else True


def _bare(value: Number, unit: str) -> str:
    return words.NONE if value is None else words.plain(words.in_reading_unit(value, unit))
