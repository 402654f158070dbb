"""Every column of the files that a study is exported to: name, unit and meaning, in one place.

Shares are fractions in these files (unit `fraction`), whatever pages show; times are seconds since the start of the run; amounts of
flows are integers in the currency's base unit.
"""

from __future__ import annotations

import dataclasses


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
    Column("first", "", "replications in which it broke before all other rules of the network"),
    Column("restricted_days", "days", "mean time since the shock, cut at the horizon"),
    Column("twin_reached", "", "replications in which it breaks without the shock"),
    Column("struck", "", "whether the shock itself moves the outcome"),
    Column("moved", "", "replications in which the outcome left that of the run without the shock"),
    Column("back", "", "replications of these in which it was back"),
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
    Column("operators", "", "class of operators whose node had it last"),
    Column("slot", "", "the node's number in its class, from 0"),
    Column("attempts", "", "1 + failures of nodes after which it was tried again; 0: no node had it"),
    Column("preemptions", "", "times that a node put it back for want of memory"),
    Column("network_s", "s", "round trip between the user and the node"),
    Column("ttft_s", "s", "time to the first token as the user sees it; empty where none came"),
    Column("e2e_s", "s", "time to the last token as the user sees it; empty unless completed"),
    Column("energy_j", "J", "its share of the energy of nodes of its type, by computed tokens"),
)
COLUMNS: dict[str, Column] = {column.name: column for column in _COLUMNS}

TABLES: dict[str, tuple[str, ...]] = {
    "outcomes": ("outcome", "unit", "policy", "coin_price", "point", "replication", "value", "reason"),
    "differences": (
        "outcome", "unit", "policy", "baseline", "coin_price", "point", "word", "n", "baseline_mean", "policy_mean", "difference", "low", "high",
        "relative", "relative_low", "relative_high", "p", "p_holm", "indifferent", "pairing_gain", "needed", "driven_by", "why",
        "window_half", "sets", "same_frac", "set_low", "set_high", "depends", "condition",
    ),
    "sets": ("set", "parameter", "value", "unit"),
    "parameters": ("parameter", "value", "law", "status", "group", "correlation"),
    "influences": ("outcome", "policy", "coin_price", "point", "parameter", "status", "rank_correlation"),
    "series": ("outcome", "unit", "policy", "coin_price", "point", "time_s", "q05", "q25", "q50", "q75", "q95"),
    "histograms": ("network", "metric", "policy", "coin_price", "point", "low_s", "high_s", "count"),
    "operators": ("policy", "coin_price", "point", "replications", "network"),
    "classes": ("policy", "coin_price", "point", "replications", "network", "client_class"),
    "breaks": (
        "rule", "network", "outcome", "limit", "policy", "coin_price", "point", "n", "reached", "share_low", "share_high", "first",
        "restricted_days", "twin_reached", "struck", "word",
    ),
    "recoveries": (
        "network", "outcome", "policy", "coin_price", "point", "n", "moved", "back", "share_low", "share_high", "restricted_days", "word",
    ),
    "requests": (
        "policy", "coin_price", "replication", "network", "client_class", "model", "part", "request", "arrival_s", "prompt_tokens",
        "cached_tokens", "output_tokens", "delivered_tokens", "computed_tokens", "fate", "reason", "operators", "slot", "attempts",
        "preemptions", "network_s", "ttft_s", "e2e_s", "energy_j",
    ),
    "flows": ("policy", "coin_price", "point", "currency", "decimals", "reason", "source", "target", "amount_base"),
}  # fmt: skip
"""Columns of each file, in order. `operators` and `classes` go on with what the runs' rows hold, names ending with their unit."""


def file_unit(unit: str) -> str:
    """The unit of an outcome as files hold it: shares are fractions."""
    return "fraction" if unit == "%" else unit
