"""Every column of the files that a study leaves and every head of a table that people read: unit and meaning, in one place.

A column that has an outcome's name holds that outcome, and the outcome table defines it (`meaning` looks there too).

Shares are fractions in these files (unit `fraction`), whatever pages show; times are seconds since the start of the run; amounts of
flows are integers in the currency's base unit.
"""

from __future__ import annotations

import dataclasses

from sim.records.outcomes import OUTCOMES


@dataclasses.dataclass(frozen=True)
class Column:
    """A column's name, its unit (empty for names and counts; `unit column` where the row says) and what it holds."""

    name: str
    unit: str
    meaning: str


_COLUMNS = (
    Column("outcome", "", "outcome reference, network.outcome[@end | @min | @max | @DATE]"),
    Column("unit", "", "unit of the row's numbers; shares are fractions"),
    Column("policy", "", "policy of the scenario"),
    Column("baseline", "", "policy that the difference is taken from"),
    Column("coin_price", "", "kind of coin price; both: the joint verdict over all kinds"),
    Column("point", "", "point of the sweep, from 0"),
    Column("replication", "", "number of the replication, from 0; equal numbers met the same users"),
    Column("value", "unit column", "the run's number; empty where it has none"),
    Column("reason", "", "why there is no number; why a request was rejected"),
    Column("word", "", "what the difference comes to"),
    Column("n", "", "replications"),
    Column("baseline_mean", "unit column", "mean of the baseline over replications"),
    Column("policy_mean", "unit column", "mean of the policy over replications"),
    Column("difference", "unit column", "mean of policy less baseline, paired by replication"),
    Column("low", "unit column", "lower end of the difference's interval"),
    Column("high", "unit column", "upper end of the difference's interval"),
    Column("relative", "fraction", "difference over the absolute mean of the baseline"),
    Column("relative_low", "fraction", "lower end, over the same mean"),
    Column("relative_high", "fraction", "upper end, over the same mean"),
    Column("p", "", "two-sided p of the paired t test"),
    Column("p_holm", "", "p after Holm over all declared comparisons"),
    Column("indifferent", "unit column", "half-width of the zone in which a difference does not matter"),
    Column("pairing_gain", "", "variance of the difference without pairing over the one with it"),
    Column("needed", "", "replications in all that would decide an undecided comparison"),
    Column(
        "driven_by", "", "replication that drives the difference: an outlier without which the word would be another"
    ),
    Column("why", "", "reason of a word that is no plain answer"),
    Column(
        "window_half", "unit column", "half-width that the choice of windows adds; empty where windows do not decide"
    ),
    Column("sets", "", "joint sets of uncertain parameters that were run; 0: none"),
    Column("same_frac", "fraction", "share of the sets that say the same: the difference's sign, or within the zone"),
    Column("set_low", "unit column", "5 % quantile of the difference over the sets: an end of a range of outcomes"),
    Column("set_high", "unit column", "95 % quantile of the difference over the sets: the other end"),
    Column("depends", "", "the two parameters with the largest rank correlation with the difference, largest first"),
    Column(
        "condition", "", "illustrative parameter that the difference moves with most: what is said is conditional on it"
    ),
    Column("group", "", "parameters of one group move together"),
    Column("correlation", "", "how closely a parameter follows its group's factor, from -1 to 1"),
    Column("set", "", "joint set of uncertain parameters, from 0; empty: the file's values"),
    Column("parameter", "", "dotted path of an uncertain parameter"),
    Column("status", "", "what its range rests on: measured, fitted, borrowed, assumed or illustrative"),
    Column("law", "", "its law with the bounds as written"),
    Column("rank_correlation", "", "Spearman's rank correlation of the difference with the parameter over the sets"),
    Column("time_s", "s", "end of the epoch, since the start of the run"),
    Column("q05", "unit column", "5 % quantile over replications"),
    Column("q25", "unit column", "25 % quantile over replications"),
    Column("q50", "unit column", "median over replications"),
    Column("q75", "unit column", "75 % quantile over replications"),
    Column("q95", "unit column", "95 % quantile over replications"),
    Column("network", "", "network of the scenario"),
    Column("client_class", "", "client class of the scenario"),
    Column("metric", "", "ttft, tpot, e2e, or gap (time between two tokens of a request)"),
    Column("low_s", "s", "least value of the bucket"),
    Column("high_s", "s", "least value of the next bucket"),
    Column("count", "", "requests (for gaps: tokens) in the bucket, over all replications"),
    Column("replications", "", "replications that the row's means are over"),
    Column("currency", "", "USD or a coin"),
    Column("decimals", "", "decimal places of the base unit: amount / 10^decimals is in the currency"),
    Column("amount_base", "base units", "sum of the postings in replication 0"),
    Column("source", "", "account that paid"),
    Column("target", "", "account that received"),
    Column("rule", "", "rule of what broke after a shock"),
    Column("limit", "", "the rule's limit in words"),
    Column("reached", "", "replications in which it broke"),
    Column("share_low", "fraction", "lower end of the Wilson interval of the share"),
    Column("share_high", "fraction", "upper end of the Wilson interval of the share"),
    Column(
        "first",
        "",
        "replications in which it broke before all other rules of the network; the first index of Sobol', what the parameter moves alone",
    ),
    Column("restricted_days", "days", "mean time since the shock, cut at the horizon"),
    Column("twin_reached", "", "replications in which it breaks without the shock"),
    Column("struck", "", "whether the shock itself moves the outcome"),
    Column("moved", "", "replications in which the outcome left that of the run without the shock"),
    Column("back", "", "replications of these in which it was back"),
    Column("lowest", "fraction", "mean of how far below the run without the shock it fell at most, as a part of that"),
    Column("at_end", "fraction", "mean of where it stands at the horizon beside the run without the shock"),
    Column("at_end_low", "fraction", "lower end of its interval"),
    Column("at_end_high", "fraction", "upper end of its interval"),
    Column("model", "", "model that was asked for"),
    Column(
        "part", "", "number of the window, or of the epoch where all requests are served, that the request belongs to"
    ),
    Column("request", "", "number of the request: the same potential request under every policy"),
    Column("arrival_s", "s", "arrival at the network, since the start of the run"),
    Column("prompt_tokens", "tokens", "length of the prompt"),
    Column("cached_tokens", "tokens", "tokens of the prompt whose KV was there already"),
    Column("output_tokens", "tokens", "length of the answer that the user wants"),
    Column("delivered_tokens", "tokens", "tokens of the answer that came"),
    Column("computed_tokens", "tokens", "tokens put through passes for it, void and recomputed ones included"),
    Column("fate", "", "completed, rejected, abandoned, deadline, disconnected or failed"),
    Column("slot", "", "the node's number in its class, from 0"),
    Column("attempts", "", "1 + failures of nodes after which it was tried again; 0: no node had it"),
    Column("preemptions", "", "times that a node put it back for want of memory"),
    Column("network_s", "s", "round trip between the user and the node"),
    Column("ttft_s", "s", "time to the first token as the user sees it; empty where none came"),
    Column("e2e_s", "s", "time to the last token as the user sees it; empty unless completed"),
    Column("energy_j", "J", "share of the energy of nodes of its type, by computed tokens"),
    Column("measured_ttft_s", "s", "time to the first token as the log tells it; empty where it does not"),
    Column("measured_e2e_s", "s", "time to the last token as the log tells it; empty where it does not"),
    # operators.csv: beliefs and costs of a class at the horizon
    Column("operators", "", "class of operators; of a request: of the node that had it last"),
    Column("gpu", "", "type of GPU"),
    Column("decides", "", "how the class decides: free, planned or fixed"),
    Column("idle_nodes", "nodes", "nodes that stand idle at the horizon"),
    Column("fees_usd_per_node_day", "USD/(node day)", "fees that the class expects of the coming epoch"),
    Column("coins_usd_per_node_day", "USD/(node day)", "value of the coins that it expects of the coming epoch"),
    Column(
        "avoidable_usd_per_node_day",
        "USD/(node day)",
        "power, hosting, outside rent and interest on stake; empty without a node",
    ),
    Column("capital_usd_per_node_day", "USD/(node day)", "value of its GPUs x (discount rate + depreciation)"),
    Column("capacity_rps_per_node", "1/s", "requests that a node can serve"),
    # classes.csv: measured requests of a client class in a network
    Column("requests", "", "measured requests that arrived"),
    *(
        Column(f"{fate}_frac", "fraction", f"share of them that {how}")
        for fate, how in (
            ("completed", "was completed"),
            ("rejected", "was rejected on arrival"),
            ("abandoned", "left before the first token"),
            ("deadline", "ended at its deadline"),
            ("disconnected", "left after the first token"),
            ("failed", "was given up after failures of nodes"),
            ("in_flight", "was still there at the end"),
        )
    ),
    Column("ttft_mean_s", "s", "mean time to the first token of completed requests"),
    Column("e2e_mean_s", "s", "mean time to the last token of completed requests"),
    Column("network_mean_s", "s", "part of both that is the round trip between user and node"),
    Column("tokens", "tokens", "prompt and output tokens billed"),
    # files beside figures
    Column("drawn", "", "whether the figure shows it: yes or no"),
    Column("served_frac", "fraction", "share of completed requests up to the end of the bucket"),
    Column("income_frac", "fraction", "share of the income that they have together"),
    Column("slo_s", "s", "the target; empty where there is none"),
    Column("amount", "currency", "the same with all its digits in the currency"),
    Column("mean", "unit column", "mean over replications"),
    Column("counted", "", "1 for epochs that MSER-5 keeps, 0 for those it cuts"),
    Column("operators_frac", "fraction", "share of operators, the poorest first"),
    Column(
        "break_even_usd",
        "USD",
        "coin price at which they pay for themselves; 0: fees alone do, empty: no price is enough",
    ),
    Column("x", "", "the swept key that goes to the right"),
    Column("x_value", "", "its value at the point"),
    Column("y", "", "the swept key that goes up"),
    Column("y_value", "", "its value at the point"),
    # sensitivity/*.csv
    Column("total", "", "total index of Sobol': share of the variance that the parameter moves with all others"),
    Column("first_low", "", "lower end of the bootstrap interval of the first index"),
    Column("first_high", "", "upper end of the same"),
    Column("total_low", "", "lower end of the bootstrap interval of the total index"),
    Column("total_high", "", "upper end of the same"),
    Column("low_value", "", "the parameter's lowest value"),
    Column("high_value", "", "its highest value"),
    Column("base", "unit column", "the outcome, or difference, with every parameter as in the file"),
    Column("at_low", "unit column", "the same with this parameter at its lowest value"),
    Column("at_high", "unit column", "the same with it at its highest value"),
)
COLUMNS: dict[str, Column] = {column.name: column for column in _COLUMNS}

TABLES: dict[str, tuple[str, ...]] = {
    "outcomes": ("outcome", "unit", "policy", "coin_price", "point", "replication", "value", "reason"),
    "differences": (
        "outcome", "unit", "policy", "baseline", "coin_price", "point", "word", "n", "baseline_mean", "policy_mean", "difference", "low", "high",
        "relative", "relative_low", "relative_high", "p", "p_holm", "indifferent", "pairing_gain", "needed", "driven_by", "why",
        "window_half", "sets", "same_frac", "set_low", "set_high", "depends", "condition",
    ),
    "gains": ("outcome", "policy", "baseline", "coin_price", "point", "n", "pairing_gain", "reason"),
    "sets": ("set", "parameter", "value", "unit"),
    "parameters": ("parameter", "value", "law", "status", "group", "correlation"),
    "influences": ("outcome", "policy", "coin_price", "point", "parameter", "status", "rank_correlation"),
    "series": ("outcome", "unit", "policy", "coin_price", "point", "time_s", "q05", "q25", "q50", "q75", "q95"),
    "histograms": ("network", "metric", "policy", "coin_price", "point", "low_s", "high_s", "count"),
    "operators": (
        "policy", "coin_price", "point", "replications", "network", "operators", "gpu", "decides", "nodes", "gpus", "idle_nodes",
        "fees_usd_per_node_day", "coins_usd_per_node_day", "avoidable_usd_per_node_day", "capital_usd_per_node_day", "capacity_rps_per_node",
        "utilization_frac",
    ),
    "classes": (
        "policy", "coin_price", "point", "replications", "network", "client_class", "requests", "completed_frac", "rejected_frac",
        "abandoned_frac", "deadline_frac", "disconnected_frac", "failed_frac", "in_flight_frac", "slo_met_frac", "ttft_mean_s", "e2e_mean_s",
        "network_mean_s", "tokens", "energy_j", "energy_j_per_tok",
    ),
    "breaks": (
        "rule", "network", "outcome", "limit", "policy", "coin_price", "point", "n", "reached", "share_low", "share_high", "first",
        "restricted_days", "twin_reached", "struck", "word",
    ),
    "recoveries": (
        "network", "outcome", "policy", "coin_price", "point", "n", "moved", "back", "share_low", "share_high", "restricted_days", "word",
        "lowest", "at_end", "at_end_low", "at_end_high",
    ),
    "requests": (
        "policy", "coin_price", "replication", "network", "client_class", "model", "part", "request", "arrival_s", "prompt_tokens",
        "cached_tokens", "output_tokens", "delivered_tokens", "computed_tokens", "fate", "reason", "operators", "slot", "attempts",
        "preemptions", "network_s", "ttft_s", "e2e_s", "energy_j",
    ),
    "flows": ("policy", "coin_price", "point", "currency", "decimals", "reason", "source", "target", "amount_base"),
}  # fmt: skip
"""Columns of each file, in order."""

SENSITIVITY: dict[str, tuple[str, ...]] = {
    "sobol": (
        "outcome", "unit", "policy", "baseline", "coin_price", "parameter", "status", "first", "first_low", "first_high", "total", "total_low",
        "total_high",
    ),
    "tornado": (
        "outcome", "unit", "policy", "baseline", "coin_price", "parameter", "status", "low_value", "high_value", "base", "at_low", "at_high",
    ),
}  # fmt: skip
"""Columns of `sensitivity/METHOD.csv`."""

REPLAY: dict[str, tuple[str, ...]] = {
    "requests": (
        "request", "arrival_s", "prompt_tokens", "cached_tokens", "output_tokens", "fate", "preemptions", "computed_tokens", "energy_j",
        "ttft_s", "e2e_s", "measured_ttft_s", "measured_e2e_s",
    ),
}  # fmt: skip
"""Columns of a replay's files; the last two are there where the log tells them."""

FIGURES: dict[str, tuple[str, ...]] = {
    "forest": (
        "outcome", "unit", "policy", "baseline", "coin_price", "point", "relative", "relative_low", "relative_high", "difference", "low", "high",
        "indifferent", "word", "drawn",
    ),
    "moves": TABLES["influences"],
    "heat": (
        "outcome", "unit", "policy", "baseline", "coin_price", "point", "x", "x_value", "y", "y_value", "difference", "low", "high",
    ),
    "swept": (
        "outcome", "unit", "policy", "baseline", "coin_price", "point", "x", "x_value", "difference", "low", "high", "indifferent", "word",
    ),
    "over-time": TABLES["series"],
    "warm-up": ("outcome", "unit", "policy", "coin_price", "point", "time_s", "mean", "counted"),
    "latency": (*TABLES["histograms"], "served_frac", "slo_s"),
    "lorenz": ("network", "policy", "coin_price", "point", "operators_frac", "income_frac"),
    "supply": ("network", "operators", "policy", "coin_price", "point", "break_even_usd", "nodes"),
    "flows": ("currency", "decimals", "reason", "source", "target", "policy", "coin_price", "point", "amount_base", "amount"),
    **SENSITIVITY,
}  # fmt: skip
"""Columns of the file beside a figure, by what the file's name begins with."""

HEADS: dict[str, str] = {
    "outcome": "What is told of a run; its name leads to its meaning.",
    "verdict": "What the difference comes to: better or worse for users of the service, higher or lower where neither is, no difference within the zone that does not matter, or why there is no answer.",
    "difference": "The paired difference from the baseline with its interval, then the means, baseline first.",
    "price from a pool": "The difference where trades move the coin's price: a pool of constant product.",
    "price as a path": "The difference where no policy moves the coin's price.",
    "over parameter sets": "How many joint sets of uncertain parameters say the same, and the range from 5 to 95 % of the difference over them.",
    "why": "Why there is no number.",
    "flow": "The reason of the postings, and the accounts that paid and received.",
    "rule": "What counts as broken after a shock.",
    "start": "The nodes that the run began with, as a multiple of those in the file.",
    "policy": "Policy of the scenario, under a kind of coin price where there are several.",
    "turned": "The key that was turned until policies were equal.",
    "setting": "What it was turned to; x: the factor on the file's value.",
    "comes to": "What the outcome comes to then, and what was wanted.",
    "tries": "Runs that finding the setting took.",
    "result": "How the check went: passed, failed or undecided.",
    "check": "The promise as it stands in the file.",
    "found": "What the runs gave.",
    "where": "File and line, and the line itself.",
    "constant": "Key of the scenario, and the file and line that give it.",
    "value": "The value that the runs had.",
    "flag": "What it rests on: fitted to data, borrowed from elsewhere, or assumed.",
    "source and date": "Where the value is from, and when it was read.",
    "another value would alter": "What would change first with another value.",
    "rank of sensitivity": "Where it stands among the uncertain parameters of the difference that it moves most.",
    "parameter": "Key of an uncertain parameter.",
    "law": "Its range or distribution, with the bounds as written.",
    "status": "What its range rests on: measured, fitted, borrowed, assumed or illustrative.",
    "moves most (rank correlation)": "The difference with which it has the largest rank correlation of Spearman.",
    "key": "Key of the scenario that the policy changed.",
    "from": "What stood there.",
    "to": "What the policy says.",
}
"""Heads of the tables of a page; a column that is a policy has that policy's name."""


def meaning(name: str) -> Column:
    """What a column of any file holds: an outcome where it has the name of one. KeyError for a name that no file has."""
    if name in COLUMNS:
        return COLUMNS[name]
    row = OUTCOMES[name]
    return Column(name, file_unit(row.unit), row.sentence)


def file_unit(unit: str) -> str:
    """The unit of an outcome as files hold it: shares are fractions."""
    return "fraction" if unit == "%" else unit
