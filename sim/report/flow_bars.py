"""Where the coins came from and went: minted, paid, sold and burned, each bar split by the account at its other end."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.records.run import FlowRow
from sim.records.study import PolicyFlows, StudyRecord
from sim.report import style, words
from sim.report.flows import flows_at, in_coins

BARS = ("minted, to", "paid, to", "moved, to", "bought, by", "sold, by", "burned, from")
_BAR_PT = 17.0
_MARKET = ("pool", "outside")


def last_word(account: str) -> str:
    """`tao.operators` as `operators`: the account without the network before it."""
    return account.rpartition(".")[2]


def bar_of(row: FlowRow) -> tuple[str, str] | None:
    """The bar a flow belongs to and the account at its other end; None for genesis, which is stock, not flow."""
    source, target = last_word(row.source), last_word(row.target)
    if source == "minted":
        return None if row.reason == "genesis" else (BARS[0], target)
    if target == "burned":
        return BARS[5], source
    # A pool trades the coin where there is one; elsewhere buyers and sellers stand outside.
    if target in _MARKET:
        return BARS[4], source
    if source in _MARKET:
        return BARS[3], target
    return (BARS[1], target) if source == "users" else (BARS[2], target)


def exact(row: FlowRow) -> str:
    """The amount as a decimal number with all its digits."""
    whole, part = divmod(abs(row.amount), 10**row.decimals)
    sign = "-" if row.amount < 0 else ""
    return f"{sign}{whole}.{part:0{row.decimals}d}" if row.decimals else f"{sign}{whole}"


def currencies(record: StudyRecord, point: int = 0) -> list[str]:
    """Coins (not USD) that flow at this point, in order of first posting."""
    found = dict.fromkeys(
        row.currency for flows in flows_at(record, point) for row in flows.rows if bar_of(row) is not None
    )
    return [currency for currency in found if currency != "USD"]


def heights(flows: PolicyFlows, currency: str) -> dict[str, dict[str, float]]:
    """Coins by bar and by account at its other end."""
    bars: dict[str, dict[str, float]] = {}
    for row in flows.rows:
        place = bar_of(row)
        if row.currency != currency or place is None:
            continue
        bar = bars.setdefault(place[0], {})
        bar[place[1]] = bar.get(place[1], 0.0) + in_coins(row)
    return {name: bars[name] for name in BARS if name in bars}


def _cases(record: StudyRecord, currency: str, point: int) -> list[PolicyFlows]:
    return [flows for flows in flows_at(record, point) if heights(flows, currency)]


def _accounts(cases: list[PolicyFlows], currency: str) -> list[str]:
    return list(
        dict.fromkeys(account for flows in cases for bar in heights(flows, currency).values() for account in bar)
    )


def flow_bars(
    record: StudyRecord,
    currency: str | None = None,
    policy: str | None = None,
    coin_price: str | None = None,
    point: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """One case's bars, in coins of its first replication. Raises `ValueError` where no coin flows."""
    coin = currency or next(iter(currencies(record, point)), "")
    chosen, kind = policy or record.policies[0], coin_price or record.coin_prices[0]
    cases = _cases(record, coin, point)
    flows = next((f for f in cases if (f.policy, f.coin_price) == (chosen, kind)), None)
    if flows is None:
        raise ValueError(f"no flow of {coin!r} under policy {chosen!r}, coin price {kind!r}, point {point}")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        index = record.policies.index(chosen) if chosen in record.policies else 0
        _draw(ax, flows, coin, _accounts(cases, coin), _bars(cases, coin), index)
        ax.set_title(words.clip(chosen, 26))
        ax.set_xlabel(words.clip(coin, 12))
    return ax


def _bars(cases: list[PolicyFlows], currency: str) -> list[str]:
    there = {name for flows in cases for name in heights(flows, currency)}
    return [name for name in BARS if name in there]


def _draw(ax: Axes, flows: PolicyFlows, currency: str, accounts: list[str], bars: list[str], policy: int) -> None:
    for name, parts in heights(flows, currency).items():
        at = 0.0
        for account, height in parts.items():
            index = accounts.index(account)
            (bar,) = ax.barh(bars.index(name), height, left=at, height=0.68, facecolor=style.COLOURS[index % len(style.COLOURS)],
                    hatch=style.HATCHES[index % len(style.HATCHES)], edgecolor=style.INK, linewidth=0.6)  # fmt: skip
            style.belongs(bar, policy)
            at += height
        said = ax.annotate(
            words.tick(float(f"{at:.3g}")),
            (at, bars.index(name)),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL_PT,
        )
        style.belongs(said, policy)
    ax.set_ylim(len(bars) - 0.5, -0.5)
    ax.set_yticks(range(len(bars)), bars)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 4, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.tick(value)))


def figure(record: StudyRecord, currency: str, point: int = 0) -> Figure:
    """A row of panels a policy, a column a kind of coin price, on one axis; the key of accounts on top."""
    cases = _cases(record, currency, point)
    kinds = [kind for kind in record.coin_prices if any(f.coin_price == kind for f in cases)]
    policies = [policy for policy in record.policies if any(f.policy == policy for f in cases)]
    accounts, bars = _accounts(cases, currency), _bars(cases, currency)
    most = max(sum(bar.values()) for flows in cases for bar in heights(flows, currency).values())
    key = 15.0 * -(-len(accounts) // 3)
    left, gap, bottom, tall = 72.0, 26.0, 36.0, _BAR_PT * len(bars)
    top = key + 8 + (32 if len(kinds) > 1 else 18)
    width = (style.WIDTH_PT - left - 14 - 16 * (len(kinds) - 1)) / len(kinds)
    with style.styled():
        sheet = style.sheet(top + len(policies) * tall + gap * (len(policies) - 1) + bottom)
        for flows in cases:
            row, column = policies.index(flows.policy), kinds.index(flows.coin_price)
            ax = style.panel(sheet, left + column * (width + 16), top + row * (tall + gap), width, tall)
            flow_bars(record, currency, flows.policy, flows.coin_price, point, ax)
            ax.set_xlim(0, 1.32 * most)
            ax.set_title("" if column else ax.get_title(loc="left"))
            ax.tick_params(labelleft=column == 0, labelbottom=row == len(policies) - 1)
            ax.set_xlabel(ax.get_xlabel() if row == len(policies) - 1 else "")
        heads = {words.coin_price_words(kind): left + i * (width + 16) for i, kind in enumerate(kinds)}
        style.column_heads(sheet, heads, key + 6)
        _key(sheet, accounts)
    return sheet


def _key(sheet: Figure, accounts: list[str]) -> None:
    patches = [
        Patch(facecolor=style.COLOURS[i % len(style.COLOURS)], hatch=style.HATCHES[i % len(style.HATCHES)], edgecolor=style.INK, linewidth=0.6,
              label=words.clip(account.replace("_", " "), 18))
        for i, account in enumerate(accounts)
    ]  # fmt: skip
    style.key(sheet, patches)


def csv_rows(record: StudyRecord) -> list[list[Any]]:
    """Every flow in every currency: integers in base units, and the same in coins with all digits."""
    return [
        [
            row.currency,
            row.decimals,
            row.reason,
            row.source,
            row.target,
            flows.policy,
            flows.coin_price,
            flows.point,
            row.amount,
            exact(row),
        ]
        for flows in record.flows
        for row in flows.rows
    ]


def description(record: StudyRecord, currency: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    coin = words.clip(currency, 12)
    parts = [
        f"Coins that flowed from the start to the end of the first replication, in {coin}; the table tells each flow."
    ]
    several = len({flows.coin_price for flows in flows_at(record, point)}) > 1
    for flows in _cases(record, currency, point):
        who = words.clip(flows.policy) + (f", {words.coin_price_words(flows.coin_price)}" if several else "")
        said = [
            f"{name.partition(',')[0]} {words.plain(sum(bar.values()))}"
            for name, bar in heights(flows, currency).items()
        ]
        parts.append(f"{who}: {', '.join(said)}.")
    return " ".join(parts)
