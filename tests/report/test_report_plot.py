"""Figures: Axes with units, drawn into the axes given, never shown, the same whatever the user's settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

from sim.records.run import FlowRow
from sim.records.study import Band, StudyRecord
from sim.report import (
    ecdf,
    fan,
    figures,
    flow_bars,
    forest,
    heat,
    influences,
    lorenz,
    moves,
    plot,
    style,
    supply_curve,
    svg,
    swept,
    words,
)
from tests.report.conftest import KEYS, make_grid, make_sweep, make_uncertain

PLOTS: dict[str, Callable[..., Axes]] = {
    "forest": lambda record, ax=None: plot.forest(record, "two_years", ax=ax),
    "fan": lambda record, ax=None: plot.fan(record, "tao.coin_usd", "two_years", "path", ax=ax),
    "ecdf": lambda record, ax=None: plot.ecdf(record, "tao", "ttft", "pool", ax=ax),
    "flow_bars": lambda record, ax=None: plot.flow_bars(record, "TAO", "fees_only", "pool", ax=ax),
    "heat": lambda record, ax=None: plot.heat(make_grid(record), "tao.nodes@end", "two_years", "path", ax=ax),
    "swept": lambda record, ax=None: plot.swept(make_sweep(record), "tao.nodes@end", "path", ax=ax),
    "moves": lambda record, ax=None: plot.moves(
        make_uncertain(record), "tao.price_paid_usd_per_mtok", "two_years", ax=ax
    ),
    "lorenz": lambda record, ax=None: plot.lorenz(record, "tao", "path", ax=ax),
    "supply_curve": lambda record, ax=None: plot.supply_curve(record, "tao", "two_years", "pool", ax=ax),
}
LABELS = {
    "forest": "difference from the baseline (%)",
    "fan": "years from 2026-01-01",
    "ecdf": "time to first token (TTFT)",
    "flow_bars": "TAO",
    "heat": "tao home electricity (USD/kWh)",
    "swept": "tao home electricity (USD/kWh)",
    "moves": "rank correlation with the difference",
    "lorenz": "operators, the poorest first (%)",
    "supply_curve": "coin price (USD)",
}


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    pyplot.close("all")


def test_the_face_lists_every_plot() -> None:
    assert sorted(plot.__all__) == sorted(PLOTS)


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_draws_into_the_axes_given(record: StudyRecord, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyplot, "show", lambda *_, **__: pytest.fail("show() was called"))
    before = dict(matplotlib.rcParams)
    _, ax = pyplot.subplots()
    assert PLOTS[name](record, ax=ax) is ax
    assert ax.get_xlabel() == LABELS[name]
    assert ax.get_figure().axes == [ax]
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_without_axes_makes_a_figure(record: StudyRecord, name: str) -> None:
    assert PLOTS[name](record).get_figure() in [pyplot.figure(number) for number in pyplot.get_fignums()]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda record: plot.forest(record, "no_such"), "policy 'no_such' has no relative difference"),
        (lambda record: plot.fan(record, "tao.no_such"), "no series of 'tao.no_such' under policy 'four_years'"),
        (lambda record: plot.ecdf(record, "mars"), "no histogram of 'ttft' for network 'mars'"),
        (lambda record: plot.flow_bars(record, "EUR"), "no flow of 'EUR'"),
    ],
)
def test_what_is_not_in_the_record_is_named(
    record: StudyRecord, call: Callable[[StudyRecord], Axes], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        call(record)


def test_the_fans_of_one_outcome_share_their_axes(record: StudyRecord) -> None:
    sheet = fan.figure(record, "tao.nodes")
    assert len(sheet.axes) == 6
    assert len({ax.get_ylim() for ax in sheet.axes}) == 1
    assert len({ax.get_xlim() for ax in sheet.axes}) == 1
    top = max(value for b in record.bands if b.outcome == "tao.nodes" for value in b.q95 if value is not None)
    assert sheet.axes[0].get_ylim()[1] > top


def test_a_fan_says_its_unit_and_shows_shares_in_percent(record: StudyRecord) -> None:
    ax = plot.fan(record, "tao.utilization_frac")
    assert ax.get_ylabel() == "utilization (%)"
    band = fan.find(record, "tao.utilization_frac", "four_years", "pool")
    assert band is not None
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(100 * [v for v in band.q50 if v is not None][-1])


@pytest.mark.parametrize(
    ("horizon_s", "unit", "end"),
    [(3600.0, "hours", 1.0), (7 * 86_400.0, "days", 7.0), (31_557_600.0, "years", 1.0)],
)
def test_a_fan_counts_time_in_the_unit_of_its_horizon(
    record: StudyRecord, horizon_s: float, unit: str, end: float
) -> None:
    ax = plot.fan(dataclasses.replace(record, horizon_s=horizon_s), "tao.coin_usd", "two_years", "path")
    assert ax.get_xlabel() == f"{unit} from 2026-01-01"
    assert ax.get_xlim() == (0, end)
    last_s = next(band.time_s[-1] for band in record.bands if band.outcome == "tao.coin_usd")
    assert max(ax.lines[0].get_xdata()) == pytest.approx(end * last_s / horizon_s)


def test_a_thinned_fan_keeps_both_ends_and_every_halving() -> None:
    steps = [3600.0 * 0.5 ** (i // 500) for i in range(2000)]
    band = Band(
        "tao.emission_coin",
        "coins/day",
        "p",
        "pool",
        0,
        [float(i) for i in range(2000)],
        steps,
        steps,
        steps,
        steps,
        steps,
    )
    kept = fan.thinned(band)
    assert len(kept) <= fan.MOST_POINTS
    assert kept[0] == 0
    assert kept[-1] == 1999
    assert {499, 500, 999, 1000, 1499, 1500} <= set(kept.tolist())


def test_epochs_without_a_measurement_are_left_out() -> None:
    gaps = [None if i % 4 else float(i) for i in range(40)]
    band = Band(
        "tao.utilization_frac", "%", "p", "pool", 0, [float(i) for i in range(40)], gaps, gaps, gaps, gaps, gaps
    )
    assert fan.thinned(band).tolist() == list(range(0, 40, 4))


def test_an_ecdf_ends_at_one_and_marks_the_quantiles(record: StudyRecord) -> None:
    histogram = ecdf.chosen(record, "tao", "e2e", "pool")[0]
    times, shares = ecdf.curve(histogram)
    assert shares[-1] == 1.0
    assert (np.diff(times) > 0).all()
    for share in (0.5, 0.95, 0.99):
        at = ecdf.at_share(histogram, share)
        below = sum(count for _, high, count in histogram.bins if high <= at) / sum(
            count for *_, count in histogram.bins
        )
        before = sum(count for _, high, count in histogram.bins if high < at) / sum(
            count for *_, count in histogram.bins
        )
        assert before < share <= below


def test_a_target_stands_in_the_ecdf(record: StudyRecord) -> None:
    ax = plot.ecdf(record, "tao", "ttft")
    assert "target 2 s" in [text.get_text() for text in ax.texts]
    assert ax.get_xlim()[0] < 2.0 < ax.get_xlim()[1]
    assert "target" not in " ".join(text.get_text() for text in plot.ecdf(record, "tao", "e2e").texts)


def test_a_difference_beyond_the_edge_is_an_arrow_with_its_number(record: StudyRecord) -> None:
    ax = plot.forest(record, "fees_only")
    assert ax.get_xlim() == pytest.approx((-110, 110))
    coverage = [
        v for v in record.verdicts if v.outcome == "tao.fee_coverage_frac" and v.policy == "fees_only" and v.relative
    ]
    assert {f"{100 * v.relative:+.0f} %" for v in coverage} <= {text.get_text() for text in ax.texts}


def test_verdicts_without_a_relative_difference_are_named_not_drawn(
    record: StudyRecord, changed: Callable[..., StudyRecord]
) -> None:
    none = [
        dataclasses.replace(v, relative=None, relative_low=None, relative_high=None)
        if v.outcome == "tao.subsidy_usd_per_mtok"
        else v
        for v in record.verdicts
    ]
    bare = changed(verdicts=none)
    assert "no relative difference: tao: subsidy." in forest.description(bare, "two_years")
    assert "tao: subsidy" not in [label.get_text() for label in plot.forest(bare, "two_years").get_yticklabels()]


@pytest.mark.parametrize(
    ("source", "target", "reason", "bar"),
    [
        ("minted", "tao.operators", "emission", ("minted, to", "operators")),
        ("minted", "tao.holders", "genesis", None),
        ("users", "tao.operators", "payment", ("paid, to", "operators")),
        ("users", "burned", "burn of payments", ("burned, from", "users")),
        ("tao.operators", "tao.pool", "coins sold", ("sold, by", "operators")),
        ("tao.operators", "outside", "coins sold", ("sold, by", "operators")),
        ("tao.pool", "users", "coins bought", ("bought, by", "users")),
        ("tao.operators", "tao.stake", "staked", ("moved, to", "stake")),
    ],
)
def test_each_flow_has_its_bar(source: str, target: str, reason: str, bar: tuple[str, str] | None) -> None:
    assert flow_bars.bar_of(FlowRow("TAO", 9, reason, source, target, 5)) == bar


def test_amounts_keep_all_their_digits() -> None:
    assert flow_bars.exact(FlowRow("TAO", 9, "r", "a", "b", 21_000_000 * 10**9 + 1)) == "21000000.000000001"
    assert flow_bars.exact(FlowRow("X", 0, "r", "a", "b", -7)) == "-7"
    assert flow_bars.exact(FlowRow("X", 2, "r", "a", "b", -705)) == "-7.05"


def test_the_bars_add_up_to_what_the_ledger_says(record: StudyRecord) -> None:
    flows = record.flows[0]
    minted = sum(row.amount for row in flows.rows if row.source == "minted" and row.reason != "genesis") / 1e9
    assert sum(flow_bars.heights(flows, "TAO")["minted, to"].values()) == pytest.approx(minted, rel=1e-12)


def test_palette_marks_and_lines_differ_pairwise() -> None:
    for looks in (style.COLOURS, style.MARKS, style.LINES, style.HATCHES):
        assert len({str(look) for look in looks}) == len(looks) == 6


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", style.COLOURS)
def test_each_colour_stands_out_on_white(colour: str) -> None:
    # WCAG 2.2, 1.4.11: graphical objects need a contrast of 3 (2.9 here: the rule's own rounding for #CC79A7).
    assert 1.05 / (_luminance(colour) + 0.05) > 2.9


def test_inline_svg_is_text_in_the_pages_ink(record: StudyRecord) -> None:
    drawn = svg.inline(forest.figure(record, "two_years"), "name", 'said "so"')
    assert drawn.startswith('<svg class="plot" viewBox=')
    assert ">tao: price paid</text>" in drawn
    assert "currentColor" in drawn
    assert "var(--p0)" in drawn
    assert "#000000" not in drawn
    assert "font-family" not in drawn
    assert "said &quot;so&quot;" in drawn


@pytest.mark.compiled
def test_a_figure_is_as_wide_as_a_phone_and_its_text_no_smaller_than_nine_pixels(record: StudyRecord) -> None:
    for entry in figures.entries(record):
        sheet = entry.draw()
        assert sheet.get_size_inches()[0] * 72 == pytest.approx(360)
        sizes = [
            text.get_fontsize()
            for ax in sheet.axes
            for text in (*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.title)
        ]
        # 390 px less two margins of 16 px show 360 points: a scale of 358 / 360.
        assert min(sizes) * 358 / 360 >= 9


def test_a_lorenz_curve_is_the_records_and_stands_with_its_coefficients(record: StudyRecord) -> None:
    assert lorenz.networks(record) == ["tao"], "the cloud's owners earn the same"
    ax = plot.lorenz(record, "tao", "pool")
    drawn = [line for line in ax.lines if line.get_gid()]
    assert [line.get_gid() for line in drawn] == [f"{style.OF_POLICY}{index}" for index in range(3)]
    curve = next(
        one for one in record.lorenz if (one.network, one.policy, one.coin_price) == ("tao", "fees_only", "pool")
    )
    assert list(drawn[2].get_ydata()) == [100 * share for share in curve.share_frac]
    gini, nakamoto = (
        next(
            s.mean
            for s in record.outcomes
            if (s.outcome, s.policy, s.coin_price) == (f"tao.{name}", "fees_only", "pool")
        )
        for name in ("gini", "nakamoto")
    )
    legend = ax.get_legend()
    assert legend is not None and legend.get_texts()[2].get_text() == f"{gini:.3f}; {nakamoto:.1f}"
    said = lorenz.description(record, "tao")
    assert (
        f"fees_only, price from a pool: the poorer half earns {100 * curve.share_frac[10]:.1f} %, Gini {gini:.3f}"
        in said
    )


def test_a_supply_curve_counts_nodes_that_pay_for_themselves(record: StudyRecord) -> None:
    home, farm = supply_curve.rows_of(record, "tao", "two_years", "pool")
    assert (home.operators, farm.operators) == ("home", "farm")
    # Fees alone pay for 15 nodes of the farm, its other 12 need the fourth price of the ladder; 1.5 nodes at home pay at none.
    need = farm.steps[1][0]
    assert need is not None
    assert [supply_curve.nodes_at(farm, usd) for usd in (0.0, need * 0.999, need)] == [15.0, 15.0, 27.0]
    every = sum(nodes or 0.0 for _, nodes in home.steps)
    assert supply_curve.nodes_at(home, float("inf")) == every - 1.5
    ax = plot.supply_curve(record, "tao", "two_years", "pool")
    price = supply_curve.price_at_end(record, "tao", "two_years", "pool")
    assert (
        price
        == next(
            b for b in record.bands if (b.outcome, b.policy, b.coin_price) == ("tao.coin_usd", "two_years", "pool")
        ).q50[-1]
    )
    assert [line.get_xdata()[0] for line in ax.lines] == [price]
    tops = [area.get_datalim(ax.transData).y1 for area in ax.collections]
    assert tops == [every - 1.5, every - 1.5 + 27.0], "the classes stand on one another"
    assert "farm 27.0 nodes" in supply_curve.description(record, "tao")


def test_a_heat_map_has_a_line_where_the_difference_is_zero(grid_record: StudyRecord) -> None:
    values = heat.differences(grid_record, "tao.nodes@end", "two_years", "path")
    assert values.shape == (4, 3) and values.min() < 0 < values.max()
    shape = heat.grid(grid_record)
    assert shape is not None
    assert (shape.xs, shape.ys) == (
        [f"{p} USD/kWh" for p in (0.08, 0.15, 0.25)],
        [f"{d} MUSD" for d in (10, 20, 40, 80)],
    )
    verdict = next(
        v
        for v in grid_record.verdicts
        if (v.outcome, v.policy, v.coin_price, v.point) == ("tao.nodes@end", "two_years", "path", 6)
    )
    assert values[2, 1] == verdict.difference, "point 6: the second price of power, the third depth"
    _, ax = pyplot.subplots()
    lines: list[Any] = []
    ax.contour = lambda x, y, z, levels, **_: lines.append((levels, z))  # type: ignore[method-assign, assignment]
    plot.heat(grid_record, "tao.nodes@end", "two_years", "path", ax=ax)
    assert [levels for levels, _ in lines] == [[0.0]] and (lines[0][1] == values).all()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.08", "0.15", "0.25"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["10", "20", "40", "80"]
    plot.heat(grid_record, "tao.nodes@end", "fees_only", "path", ax=ax)
    assert len(lines) == 1, "nothing changes sign where every difference is below 0"
    assert ax.get_ylabel() == "tao market depth (MUSD)"


def test_only_a_grid_of_two_keys_has_a_heat_map(grid_record: StudyRecord, record: StudyRecord) -> None:
    assert heat.grid(record) is None and heat.outcomes(record) == []
    assert heat.grid(dataclasses.replace(grid_record, points=grid_record.points[:-1])) is None
    assert heat.grid(dataclasses.replace(grid_record, points=grid_record.points[:4])) is None, "one key alone"
    assert len(heat.outcomes(grid_record)) == 8


def test_a_sweep_over_one_key_is_a_line_with_intervals_over_its_values(swept_record: StudyRecord) -> None:
    assert swept.outcomes(swept_record)[0] == "tao.price_paid_usd_per_mtok" and heat.outcomes(swept_record) == []
    along = swept.axis(swept_record)
    assert along is not None and (along.at, along.even) == ([0.15, 0.08, 0.25, 0.35], False)
    drawn = swept.line(swept_record, "tao.nodes@end", "two_years", "path")
    assert [x for x, _ in drawn] == [0.08, 0.15, 0.25, 0.35], "from left to right, whatever the file's order"
    assert [v.point for _, v in drawn] == [1, 0, 2, 3]
    ax = plot.swept(swept_record, "tao.nodes@end", "path")
    curve = next(line for line in ax.lines if line.get_gid() == "of-policy-1")
    assert list(curve.get_ydata()) == [v.difference for _, v in drawn]
    assert any(set(line.get_ydata()) == {0} for line in ax.lines), "the line of no difference"
    band = next(c for c in ax.collections if c.get_gid() == "of-policy-1")
    ends = band.get_paths()[0].get_extents()
    assert (ends.y0, ends.y1) == (min(v.low or 0 for _, v in drawn), max(v.high or 0 for _, v in drawn))
    assert ax.get_ylabel() == "difference (nodes)"
    said = swept.description(swept_record, "tao.nodes@end")
    first = drawn[0][1]
    assert f"{words.signed(first.difference, first.unit)} " in said and "at 0.08 USD/kWh" in said
    with pytest.raises(ValueError, match=r"no differences of 'tao\.gini'"):
        plot.swept(swept_record, "tao.gini")


@pytest.mark.parametrize(
    ("values", "at"),
    [
        (["1 USD", "2 USD", "1000 USD"], [0, 1, 2]),  # too close for their numbers
        (["1000 USD", "2 USD", "1 USD"], [2, 1, 0]),
        (["2 year", "4 week"], [0, 1]),  # two units
        (["posted", "auction"], [0, 1]),
        (["10 %", "30 %"], [10, 30]),
    ],
)
def test_values_lie_at_their_numbers_where_these_leave_room(
    swept_record: StudyRecord, values: list[str], at: list[float]
) -> None:
    along = swept.axis(dataclasses.replace(swept_record, points=[{KEYS[0]: value} for value in values]))
    assert along is not None and along.at == at and along.even == (max(at) < 3)


def test_only_one_key_swept_has_such_a_line(grid_record: StudyRecord, record: StudyRecord) -> None:
    assert swept.axis(grid_record) is None and swept.axis(record) is None and swept.outcomes(record) == []


def test_parameters_are_ranked_by_how_a_difference_moves_with_them(uncertain_record: StudyRecord) -> None:
    first = "tao.price_paid_usd_per_mtok"
    order = influences.ranked(uncertain_record, first, "two_years")
    assert [one.parameter for one in order] == [KEYS[0], KEYS[1], "workload.steady.demand.elasticity"]
    ax = plot.moves(uncertain_record, first, "two_years")
    assert [bar.get_width() for bar in ax.patches] == [one.rank_correlation for one in order]
    assert moves.outcomes(uncertain_record, "two_years")[0] == first
    place, of, most = influences.rank(uncertain_record, KEYS[1]) or (0, 0, None)
    assert (place, of) == (2, 3) and most is not None
    sizes = [
        abs(i.rank_correlation or 0)
        for i in uncertain_record.influences
        if i.parameter == KEYS[1] and i.coin_price == "both"
    ]
    assert abs(most.rank_correlation or 0) == max(sizes)
    assert influences.rank(uncertain_record, "networks.tao.operators.home.lead") is None
