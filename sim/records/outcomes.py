"""The outcome table: the one place that defines an outcome's name, unit, scope, aggregation, direction and formula.

Column heads, tooltips, `list outcomes`, checks and docs read it. `direction` is what users of the service would call
better: `lower`, `higher`, or `none` (told as "higher" or "lower", never "better").
"""

from __future__ import annotations

import dataclasses
from typing import Literal

Aggregation = Literal["mean", "sum", "end", "ratio", "quantile", "time"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One row of the table.

    `aggregation` says how a run's one number comes from its epochs: `mean` over epochs, `sum`, value at the `end`,
    `ratio` of sums over the run (never a mean of ratios), `quantile` of all measured requests, or a `time` that may
    never come (censored at the horizon). `scope` is `network` or `world`. `needs` names what a run must have:
    `requests` (no `capacity` mode), `coin`, `slo`, `power`, `latency` (the table).
    """

    name: str
    label: str
    unit: str
    aggregation: Aggregation
    direction: Literal["lower", "higher", "none"]
    sentence: str
    formula: str
    scope: Literal["network", "world"] = "network"
    needs: tuple[str, ...] = ()


_ROWS = (
    # service
    Outcome(
        "nodes",
        "nodes",
        "nodes",
        "mean",
        "none",
        "Nodes that serve.",
        "count of live node slots at the end of each epoch",
    ),
    Outcome(
        "gpus",
        "GPUs",
        "GPUs",
        "mean",
        "none",
        "GPUs of the nodes that serve.",
        "sum of GPUs of live nodes at the end of each epoch",
    ),
    Outcome(
        "demand_rps",
        "requests wanted",
        "1/s",
        "mean",
        "none",
        "Requests that users bring to the network.",
        "requests offered / time, in measured windows or from demand shares",
    ),
    Outcome(
        "served_mtok",
        "tokens served",
        "Mtok/day",
        "mean",
        "higher",
        "LLM tokens delivered and billed (prompt and output).",
        "(prompt + output tokens of served requests) / day",
    ),
    Outcome(
        "share_frac",
        "share of demand",
        "%",
        "ratio",
        "none",
        "Share of all potential requests that choose the network.",
        "requests of the network / potential base requests",
    ),
    Outcome(
        "unmet_frac",
        "unmet demand",
        "%",
        "ratio",
        "lower",
        "Share of the network's requests that end in any way but completion.",
        "(arrived - completed) / arrived",
        needs=("requests",),
    ),
    Outcome(
        "slo_met_frac",
        "SLO attainment",
        "%",
        "ratio",
        "higher",
        "Requests completed with TTFT and TPOT within target, of all that arrived.",
        "completed within SLO / arrived",
        needs=("requests", "slo"),
    ),
    Outcome(
        "goodput_tps",
        "goodput",
        "tokens/s",
        "ratio",
        "higher",
        "Output tokens per second of requests within SLO.",
        "output tokens within SLO / measured time",
        needs=("requests", "slo"),
    ),
    Outcome(
        "utilization_frac",
        "utilization",
        "%",
        "ratio",
        "none",
        "Busy time over available time of replicas.",
        "busy / live",
    ),
    Outcome(
        "ttft_p50_s",
        "TTFT p50",
        "s",
        "quantile",
        "lower",
        "Median time to first token of completed requests.",
        "quantile .50 of first token - arrival",
        needs=("requests",),
    ),
    Outcome(
        "ttft_p95_s",
        "TTFT p95",
        "s",
        "quantile",
        "lower",
        "95th percentile of the time to first token.",
        "quantile .95",
        needs=("requests",),
    ),
    Outcome(
        "ttft_p99_s",
        "TTFT p99",
        "s",
        "quantile",
        "lower",
        "99th percentile of the time to first token.",
        "quantile .99",
        needs=("requests",),
    ),
    Outcome(
        "tpot_p50_s",
        "TPOT p50",
        "s",
        "quantile",
        "lower",
        "Median time per output token after the first.",
        "quantile .50 of (E2E - TTFT) / (output - 1)",
        needs=("requests",),
    ),
    Outcome(
        "tpot_p95_s",
        "TPOT p95",
        "s",
        "quantile",
        "lower",
        "95th percentile of the time per output token.",
        "quantile .95",
        needs=("requests",),
    ),
    Outcome(
        "e2e_p50_s",
        "E2E p50",
        "s",
        "quantile",
        "lower",
        "Median time from arrival to the last token.",
        "quantile .50 of end - arrival",
        needs=("requests",),
    ),
    Outcome(
        "e2e_p95_s",
        "E2E p95",
        "s",
        "quantile",
        "lower",
        "95th percentile of the time from arrival to the last token.",
        "quantile .95",
        needs=("requests",),
    ),
    Outcome(
        "e2e_p99_s",
        "E2E p99",
        "s",
        "quantile",
        "lower",
        "99th percentile of the time from arrival to the last token.",
        "quantile .99",
        needs=("requests",),
    ),
    Outcome(
        "network_s",
        "time in the network",
        "s",
        "ratio",
        "lower",
        "Mean round trip between user and node of completed requests; part of their TTFT and E2E.",
        "sum of round trips / completed",
        needs=("requests", "latency"),
    ),
    Outcome(
        "energy_j_per_tok",
        "energy per token",
        "J/token",
        "ratio",
        "lower",
        "Energy of replicas per token delivered.",
        "(active W x busy + idle W x idle) / tokens served",
        needs=("power",),
    ),
    # prices and costs, each per 1M tokens of requests that met the SLO
    Outcome(
        "price_paid_usd_per_mtok",
        "price paid",
        "USD/Mtok",
        "ratio",
        "lower",
        "What users paid per 1M tokens of requests that met the SLO.",
        "payments / tokens within SLO",
    ),
    Outcome(
        "payout_usd_per_mtok",
        "payout",
        "USD/Mtok",
        "ratio",
        "none",
        "Fees and emission value that operators got, per 1M tokens within SLO.",
        "(fees to operators + emission to operators x closing price) / tokens within SLO",
    ),
    Outcome(
        "resource_cost_usd_per_mtok",
        "resource cost",
        "USD/Mtok",
        "ratio",
        "lower",
        "Power, hosting and capital service per 1M tokens within SLO.",
        "(avoidable cost + capital service) / tokens within SLO",
    ),
    Outcome(
        "subsidy_usd_per_mtok",
        "subsidy",
        "USD/Mtok",
        "ratio",
        "none",
        "Value of the emission that the network's recipients get, per 1M tokens within SLO.",
        "emission to the network x closing price / tokens within SLO",
        needs=("coin",),
    ),
    Outcome(
        "fee_coverage_frac",
        "fee coverage",
        "%",
        "ratio",
        "higher",
        "Fees to operators over their avoidable cost and capital service.",
        "fees to operators / (avoidable cost + capital service)",
    ),
    Outcome(
        "revenue_usd_per_day", "revenue", "USD/day", "mean", "none", "What users pay the network.", "payments / days"
    ),
    Outcome(
        "operator_margin_frac",
        "operator margin",
        "%",
        "ratio",
        "higher",
        "Operators' income less avoidable cost, of income.",
        "(fees + emission value - avoidable cost) / (fees + emission value)",
    ),
    Outcome(
        "operator_surplus_usd_per_day",
        "operator surplus",
        "USD/day",
        "mean",
        "higher",
        "Operators' income less avoidable cost and capital service.",
        "income - avoidable cost - capital service",
    ),
    Outcome(
        "consumer_surplus_usd_per_day",
        "consumer surplus",
        "USD/day",
        "mean",
        "higher",
        "Value to users net of price, delay and failures, against not buying.",
        "by the demand kind (log-sum, or integral to the choke price)",
        scope="world",
    ),
    # the coin
    Outcome(
        "coin_usd",
        "coin price",
        "USD",
        "mean",
        "none",
        "Market price of the coin at the end of each epoch.",
        "market close",
        needs=("coin",),
    ),
    Outcome(
        "emission_coin",
        "emission",
        "coins/day",
        "mean",
        "none",
        "Coins newly created, gross.",
        "minted / days",
        needs=("coin",),
    ),
    Outcome("burn_coin", "burn", "coins/day", "mean", "none", "Coins destroyed.", "burned / days", needs=("coin",)),
    Outcome(
        "net_issuance_coin",
        "net issuance",
        "coins/day",
        "mean",
        "none",
        "Emission less burn.",
        "(minted - burned) / days",
        needs=("coin",),
    ),
    Outcome(
        "supply_coin",
        "supply",
        "coins",
        "end",
        "none",
        "Coins in existence.",
        "genesis + minted - burned",
        needs=("coin",),
    ),
    Outcome(
        "sell_pressure_usd_per_day",
        "sell pressure",
        "USD/day",
        "mean",
        "none",
        "Coins sold to the pool by operators and other recipients, at the price got.",
        "proceeds of sales / days",
        needs=("coin",),
    ),
    Outcome(
        "security_budget_usd_per_day",
        "security budget",
        "USD/day",
        "mean",
        "none",
        "Value of the emission to the network's recipients, and fees, a day.",
        "(emission to the network x price + payments) / days",
        needs=("coin",),
    ),
    Outcome(
        "break_even_coin_usd",
        "break-even price",
        "USD",
        "mean",
        "lower",
        "Coin price at which the marginal operator's avoidable margin is zero.",
        "highest over live nodes of (avoidable cost - fees) / coins, per node and day",
        needs=("coin",),
    ),
    Outcome(
        "dilution_usd_per_day",
        "dilution",
        "USD/day",
        "mean",
        "none",
        "Net issuance at the market price: a transfer, never a cost.",
        "net issuance x price",
        needs=("coin",),
    ),
    Outcome(
        "exchange_users_usd_per_day",
        "exchange gain of users",
        "USD/day",
        "mean",
        "higher",
        "What users gain (below 0: lose) because the coin's price moves between buying coins and paying with them.",
        "(invoices - coins paid x price when bought) / days",
        needs=("coin",),
    ),
    Outcome(
        "exchange_operators_usd_per_day",
        "exchange gain of operators",
        "USD/day",
        "mean",
        "higher",
        "What operators gain (below 0: lose) on coins that users pay them with.",
        "(coins got x closing price - their part of invoices) / days",
        needs=("coin",),
    ),
    Outcome(
        "exchange_protocol_usd_per_day",
        "exchange gain of the protocol",
        "USD/day",
        "mean",
        "none",
        "What the protocol gains (below 0: loses) on the coins that it takes or burns.",
        "(coins taken x closing price + coins burned x price at settlement - its part of invoices) / days",
        needs=("coin",),
    ),
    # operators
    Outcome("entries", "entries", "nodes/year", "mean", "none", "Nodes ordered.", "orders / years"),
    Outcome("exits", "exits", "nodes/year", "mean", "none", "Nodes that left.", "exits / years"),
    Outcome(
        "gini",
        "Gini of income",
        "",
        "mean",
        "none",
        "Inequality of operators' income.",
        "Gini coefficient over operators with a live node",
    ),
    Outcome(
        "nakamoto",
        "Nakamoto coefficient",
        "operators",
        "mean",
        "none",
        "Fewest operators with more than half of the income.",
        "smallest k with top-k income > 50 %",
    ),
    # times that may never come
    Outcome(
        "half_nodes_days",
        "node half-life",
        "days",
        "time",
        "higher",
        "Days from the start of the policies until half of the nodes have left.",
        "first epoch end with nodes <= 50 % of those at policies_from",
    ),
    Outcome(
        "fees_cover_days",
        "fees cover costs",
        "days",
        "time",
        "lower",
        "Days from the start of the policies until fee coverage reaches 1.",
        "first epoch end with fee coverage >= 1",
    ),
)

OUTCOMES: dict[str, Outcome] = {row.name: row for row in _ROWS}
AGGREGATES = ("end", "min", "max")


def split_name(reference: str) -> tuple[str, str, str]:
    """`network.outcome[@at]` as (network, outcome, at); a world outcome has the network `world`, `at` may be empty."""
    head, _, at = reference.partition("@")
    network, _, outcome = head.partition(".")
    return (network, outcome, at) if outcome else ("world", network, at)
