"""One or more blocks of every kind of the money side, for the tests that run over whole tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.demand import DEMAND
from sim.tokenomics.market import MARKET
from sim.tokenomics.payment import PAYMENT
from sim.tokenomics.payout import PAYOUT
from sim.tokenomics.price import PRICE
from sim.tokenomics.score import SCORE
from sim.tokenomics.slash import SLASH
from sim.tokenomics.stake import STAKE
from sim.tokenomics.supply import SUPPLY
from sim.tokenomics.target import TARGET
from sim.tokenomics.treasury import TREASURY
from sim.tokenomics.verify import VERIFY
from sim.tokenomics.vesting import VESTING

CONTEXT = {"yaml": True, "tickers": frozenset({"TAO", "FET"})}


def block(table: Any, **keys: Any) -> Any:
    """A block as it is read from a file."""
    return table[keys["kind"]].model_validate(keys, context=CONTEXT)


_TAO = {"initial": "3600 TAO/day", "cap": "21 MTAO"}
# fmt: off
SUPPLIES = {
    "fixed": block(SUPPLY, kind="fixed"),
    "by_date": block(SUPPLY, kind="halving", first="2029-12-14", every="4 year", **_TAO),
    "by_date_before_the_start": block(SUPPLY, kind="halving", first="2021-03-04", every="2 year", **_TAO),
    "by_interval": block(SUPPLY, kind="halving", every="90.3 day", initial="1234.567891 TAO/day"),
    "once": block(SUPPLY, kind="halving", first="2026-06-01", **_TAO),
    "by_supply": block(SUPPLY, kind="halving_by_supply", initial="7200 TAO/day", cap="21 MTAO"),
    "inflation": block(SUPPLY, kind="inflation", rate="3 %/year", tick="1 day"),
    "flow": block(SUPPLY, kind="flow", initial="82191.78082192 TAO/day", cap="21 MTAO"),
    "window": block(SUPPLY, kind="window", initial="196 TAO/day", first="2026-03-01", flat="360 day", taper="720 day"),
    "window_under_way": block(SUPPLY, kind="window", initial="7 TAO/day", first="2025-12-01", flat="12 h"),
    "decay": block(SUPPLY, kind="exp_decay", initial="2850 TAO/day", rate="0.0475 %/day", tick="1 day", most="2 MTAO"),
    "decay_under_way": block(
        SUPPLY, kind="exp_decay", total="3.3 MTAO", half_life="6 year", tick="4 h", began="2020-10-15",
        most="3.1 MTAO", cap="21 MTAO", lock="90 day",
    ),
    "falling_months": block(SUPPLY, kind="exp_decay", initial="900 TAO/day", falls="1.02 %", tick="30.4375 day"),
    "polynomial": block(
        SUPPLY, kind="polynomial", constant=358e3, linear=-53e3, quadratic=1.8e3, year="365.2 day", until=10, at_start=0.53,
        tick="1 day", cap="21 MTAO",
    ),
    "feedback": block(
        SUPPLY, kind="feedback", initial="2 bps", step="0.005 bps", target="50 %", round="19.2 h", cap="21 MTAO"
    ),
    "baseline": block(
        SUPPLY, kind="baseline", total="7 MTAO", half_life="6 year", baseline=100, doubles="1 year", tick="1 day",
        began="2024-01-01", met=0.7,
    ),
    "reemit": block(SUPPLY, kind="reemit", most="1644 TAO/day"),
    "rebalance": block(SUPPLY, kind="rebalance", initial="500 TAO/day", period="90 day", margin=1.005),
    "conversion": block(SUPPLY, kind="conversion", on="2027-02-03", units=2e6, ratio=0.43335, commission="5 %"),
    "sum": block(
        SUPPLY, kind="sum", cap="21 MTAO",
        parts={
            "simple": {"kind": "exp_decay", "total": "3.3 MTAO", "half_life": "6 year", "tick": "1 day"},
            "burns": {"kind": "reemit", "most": "16 TAO/day"},
            "window": {"kind": "window", "initial": "196 TAO/day", "flat": "360 day", "taper": "720 day"},
        },
    ),
    "capped_inflation": block(SUPPLY, kind="inflation", rate="50 %/year", cap="21 MTAO", tick="6 h"),
}
# fmt: on
SEEN = np.array([3_000 * 10**9, 8 * 10**15, 90 * 10**6], dtype=np.int64)
"""What schedules see in tests: 3,000 coins burned a day, 8 million staked, 90 GPUs."""
PAYOUTS = {
    "work": block(PAYOUT, kind="work"),
    "availability": block(PAYOUT, kind="availability"),
    "mix": block(PAYOUT, kind="mix", work_share="70 %"),
    "stake": block(PAYOUT, kind="stake"),
    "compute": block(PAYOUT, kind="compute"),
    "compute_first": block(PAYOUT, kind="compute", remainder="first"),
    "fees": block(PAYOUT, kind="fees"),
    "per_node": block(PAYOUT, kind="per_node", each="10 TAO", every="168 h", multiplier=1.8098),
    "scored": block(PAYOUT, kind="scored", base="10 %"),
    "scored_capped": block(PAYOUT, kind="scored", base="10 %", most="75 TAO"),
    "several": block(
        PAYOUT,
        kind="several",
        parts={
            "jobs": {"share": "60 %", "by": {"kind": "work"}},
            "there": {"share": "30 %", "by": {"kind": "per_node", "each": "2 TAO", "every": "168 h"}},
        },
    ),
}
LEAVE_MORE = ("per_node", "scored_capped", "several")
"""Payouts that leave over what nobody earns, however much it is."""
VESTINGS = {
    "linear": block(VESTING, kind="linear", over="180 day", now="25 %"),
    "linear_with_cliff": block(VESTING, kind="linear", over="2 year", step="3 h", cliff="1 year"),
    "cliff": block(VESTING, kind="cliff", after="1 year"),
    "epochs": block(VESTING, kind="epochs", count=180),
    "epochs_last": block(VESTING, kind="epochs", count=7, every="6 h", remainder="last"),
}
TARGETS = {
    "band": block(TARGET, kind="band", floor=0.5, cap=3.0, net="1644 TAO/day"),
    "floor": block(TARGET, kind="band", floor=0.5, net="0 TAO/day", window=3, tick="6 h"),
    "usd": block(TARGET, kind="usd", per_gpu="0.5 USD/h"),
}
_RIVALS = {
    "mobile": {"staked": 5e6, "burned_usd": 9100.0, "onboarded_usd": 17.94e6},
    "iot": {"staked": 1e6, "burned_usd": 300.0, "onboarded_usd": 24e6},
}
SCORES = {
    "pro_rata": block(SCORE, kind="pro_rata", of="burned_usd", rivals=_RIVALS),
    "utility": block(SCORE, kind="utility", lock="27 week", rivals=_RIVALS),
    "rank": block(SCORE, kind="rank", of="staked", shares_by_rank=["50 %", "30 %", "10 %"], rivals=_RIVALS),
}
PRICES = {
    "usd": block(PRICE, kind="posted", input="0.05 USD/Mtok", output="0.15 USD/Mtok"),
    "coin": block(PRICE, kind="posted", input="0.0002 TAO/Mtok", output="0.0005 TAO/Mtok", pay="coin"),
    "call": block(PRICE, kind="posted", input="1 USD/Mtok", output="2 USD/Mtok", cached="10 %", request="0.01 USD"),
    "chutes": block(PRICE, kind="cost_plus", gpu_hour="1.75 USD/h", gpus=8),
    "cost": block(PRICE, kind="cost_plus", concurrency=5, markup="30 %", cached="25 %"),
    "auction": block(PRICE, kind="reverse_auction", highest="2 USD/h"),
    "marginal": block(PRICE, kind="reverse_auction", highest="2 USD/h", margin="25 %", pays="marginal", fill="100 %"),
    "gonka": block(PRICE, kind="utilization", start="1 TAO/Mtok"),
    "dollars": block(
        PRICE, kind="utilization", start="0.1 USD/Mtok", floor="0.05 USD/Mtok", ceiling="3 USD/Mtok", output_ratio=3.0
    ),
    "oracle": block(PRICE, kind="oracle_usd", ticker="TAO", input="0.1 USD/Mtok", output="0.4 USD/Mtok", cached="50 %"),
    "providers": block(
        PRICE,
        kind="by_provider",
        lists={
            "home": {"input": "0.05 USD/Mtok", "output": "0.15 USD/Mtok", "cached": "10 %"},
            "farm": {"input": "0.07 USD/Mtok", "output": "0.2 USD/Mtok", "request": "0.0001 USD"},
        },
    ),
    "golem": block(PRICE, kind="provider_linear", hour="1.9 USD/h", request="0.001 USD", fee="5 %", cached="0 %"),
}
PAYMENTS = {
    "batch": block(PAYMENT, kind="batch"),
    "bad_debts": block(PAYMENT, kind="batch", unpaid="7 %"),
    "stream": block(PAYMENT, kind="stream"),
    "stream_all": block(PAYMENT, kind="stream", cover="50 %", short="all"),
    "prepaid": block(PAYMENT, kind="prepaid"),
    "escrow": block(PAYMENT, kind="escrow"),
    "shared": block(PAYMENT, kind="escrow", reserve="150 %", validators=2),
    "ticket": block(PAYMENT, kind="ticket"),
    "small_reserve": block(PAYMENT, kind="ticket", deposit="0 %", reserve="30 %", pool_size=3, chance="100 %"),
    "channel": block(PAYMENT, kind="channel", gas="0.4 USD"),
    "asleep": block(PAYMENT, kind="channel", expiry="10 day", renew=False, asleep="50 %"),
}
BURNMINTS = {
    "payments": block(BURNMINT, kind="share", share="20 %"),
    "take": block(BURNMINT, kind="share", share="33.3 %", of="take"),
}
STAKES = {
    "fixed": block(STAKE, kind="fixed", amount="10 TAO"),
    "per_weight": block(STAKE, kind="per_weight", amount="2.5 TAO", weigh="capacity", free="20 %", grace="180 day"),
    "reward_days": block(STAKE, kind="reward_days", days="20 day"),
    "pledge": block(STAKE, kind="pledge", cap="5 TAO", baseline=1000, ramp_begins="10 day", ramp="365 day"),
}
SLASHES = {
    "fraction": block(SLASH, kind="fraction", share="20 %"),
    "fraction_of_what_is_locked": block(SLASH, kind="fraction", share="10 %", unbonding=False, to="treasury"),
    "reward_days": block(SLASH, kind="reward_days", days="3.51 day", to="checkers", cooldown="7 day"),
    "termination": block(SLASH, kind="termination"),
}
_TRAFFIC = {"rate": "1 %", "half": "5 %", "quiet": "100 /day", "busy": "10000 /day"}
VERIFIES = {
    "none": block(VERIFY, kind="none"),
    "sampling": block(VERIFY, kind="sampling", rate="5 %", detection="90 %", false_alarms="1 %"),
    "sampling_by_reputation": block(VERIFY, kind="sampling", reputation={"epochs": 30, "cutoff": "10 %"}, **_TRAFFIC),
    "sampling_by_a_public_seed": block(VERIFY, kind="sampling", rate="5 %", seed="public"),
    "replication": block(VERIFY, kind="replication", repeaters=3, false_alarms="0.1 %", rate="30 %"),
    "refereed": block(VERIFY, kind="refereed", solvers=2),
    "fingerprint": block(VERIFY, kind="fingerprint", rate="50 %", detection="99 %", false_alarms="0.1 %"),
    "tee": block(VERIFY, kind="tee", breach="10 %"),
    "audit": block(VERIFY, kind="audit", every="30 day", detection="80 %", false_alarms="2 %"),
}
TREASURIES = {
    "share": block(TREASURY, kind="calendar", every="30 day", share="2 %"),
    "amount": block(TREASURY, kind="calendar", every="1 day", amount="12.5 TAO", to="burn"),
    "below": block(TREASURY, kind="controller", every="7 day", of="nodes", below=100, share="5 %"),
    "above": block(
        TREASURY, kind="controller", every="90 day", of="emission_over_burn", above=3.0, share="50 %", to="burn"
    ),
}
PROGRAMS = {
    "vault": block(BURNMINT, kind="vault"),
    "spreads": block(BURNMINT, kind="vault", settle_spread="25 bps", mint_spread="1 %", warn="120 %", halt="50 %"),
    "buyback": block(BURNMINT, kind="buyback"),
    "render": block(BURNMINT, kind="mint_back", burn="60 %", reward="56 %"),
    "pool": block(BURNMINT, kind="mint_back", burn="95 %", reward="95 %", pool="1000 TAO"),
}
_START = {"start": "300 USD/TAO"}
_POOL = {
    "kind": "pool",
    "depth": "8 MUSD",
    "fee": "0.3 %",
    "holders": {"value": "constant", "a": "2 kUSD/day"},
    **_START,
}
_SERIES = {"2026-01-01": "300 USD/TAO", "2026-01-05": "240 USD/TAO"}
MARKETS = {
    "path": block(MARKET, kind="path", drift="10 %/year", daily_sd="6 %", **_START),
    "pool": block(MARKET, daily_sd="6 %", **_POOL),
    "pool_without_a_pull": block(MARKET, **{**_POOL, "holders": {"a": "-5 kUSD/day", "b": "0 USD/day"}, "fee": "0 %"}),
    "quantity": block(MARKET, kind="quantity", velocity="12 /year", locked="30 %", daily_sd="3 %", **_START),
    "replay": block(MARKET, kind="replay", prices=_SERIES, **_START),
    "mix": block(
        MARKET,
        kind="mix",
        daily_sd="2 %",
        **_START,
        parts={
            "pool": {"weight": "40 %", "market": _POOL},
            "quantity": {"weight": "35 %", "market": {"kind": "quantity", "velocity": "12 /year", **_START}},
            "series": {"weight": "25 %", "market": {"kind": "replay", "prices": _SERIES, **_START}},
        },
    ),
}

DEMANDS = {
    "logit": block(
        DEMAND, kind="logit", elasticity=-1.3, value_of_time="0.5 USD/h", value_of_failure="0.002 USD", nest=0.6
    ),
    "isoelastic": block(DEMAND, kind="isoelastic", elasticity=-0.7, choke="40 USD/Mtok", network="two"),
    "isoelastic_of_one": block(DEMAND, kind="isoelastic", elasticity=-1.0, choke="40 USD/Mtok"),
    "fixed": block(DEMAND, kind="fixed", network="cloud"),
}
