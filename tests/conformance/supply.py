"""Adapters for supply, split, vesting and payout: each case runs the kind that a scenario file names.

Where a chain's base unit has 18 decimals the kind is given as many as 64 bits hold, or Python integers in its rows.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

from sim.tokenomics.coin import to_base
from sim.tokenomics.payout import PAYOUT
from sim.tokenomics.score import SCORE
from sim.tokenomics.split import Split
from sim.tokenomics.supply import NOTHING, SUPPLY, Feedback
from sim.tokenomics.target import TARGET, Steered
from sim.tokenomics.vesting import VESTING
from sim.units import YEAR_S

Case = dict[str, Any]
START = datetime.date(2026, 1, 1)
DAY_PS = 86_400 * 10**12
EPOCH_PS = 30 * 10**12
"""Filecoin's epoch."""
TICKERS = frozenset({"AKT", "CUDOS", "FET", "FIL", "GNK", "HNT", "IO", "LPT", "NOS", "RENDER"})
CONTEXT = {"yaml": True, "tickers": TICKERS}
ENDLESS = 10**40


def kind(table: Any, name: str, **keys: Any) -> Any:
    """A block of a kind, read as from a file."""
    return table[name].model_validate({"kind": name, **keys}, context=CONTEXT)


def issued(schedule: Any, first: float, over: float, decimals: int = 9, held: int = 0) -> int:
    """Base units that a schedule pays between two days of the run."""
    return int(schedule.issued(round(first * DAY_PS), round(over * DAY_PS), held, START, decimals))


def akash_supply(case: Case) -> dict[str, float]:
    """Continuous halving of Akash's inflation; stakes locked for less than a year slow it."""
    inputs = case["inputs"]
    lock_years = inputs["lock_months"] / 12 if "lock_months" in inputs else 2 * inputs["gamma"] - 1
    # 100 % a year of M0 that halves every two years makes 2 / ln 2 of it.
    block = kind(
        SUPPLY, "exp_decay", total=f"{200e6 / math.log(2)!r} AKT", half_life="2 year", tick="3 h",
        lock=f"{max(lock_years, 1e-12)!r} year",
    )  # fmt: skip
    if "lock_months" in inputs:
        return {"gamma": block.pace}
    # After 200 years not a base unit a tick is left.
    days = min(inputs["t_years"], 200) * 365.25
    return {"supply_over_M0": 1 + issued(block, 0, days) / 10**17}


def cudos_mint(case: Case) -> dict[str, float]:
    """The polynomial, from the case's beginning to its end in normalized years of 3652 / 10 days."""
    begin, end = case["inputs"]["t0"], case["inputs"]["t1"]
    block_time = end - begin < 1e-6
    block = kind(
        SUPPLY, "polynomial", constant=358e6, linear=-53e6, quadratic=1.8e6, year="365.2 day", at_start=begin, until=10.0,
        tick="5 s" if block_time else "4.8 h",
    )  # fmt: skip
    if block_time:
        return {"minted_million": issued(block, 0, 5 / 86_400) / 10**15}
    # Nothing is minted after t = 10: the tick in which it lies is paid for the part before.
    return {"minted_million": issued(block, 0, math.ceil((end - begin) * 365.2 * 5) / 5 + (end >= 10)) / 10**15}


def fet_supply(case: Case) -> dict[str, float]:
    """Mergers as conversions, and years of constant inflation, minted every hour."""
    inputs, decimals = case["inputs"], 9
    if "years" in inputs:
        block, start = kind(SUPPLY, "inflation", rate=f"{100 * inputs['rate']!r} %/year"), inputs["start"]
        minted = issued(block, 0, inputs["years"] * 365.25, decimals, start * 10**decimals)
        return {"fet": start + minted / 10**decimals}
    if "fet_before" in inputs:
        return {"fet": inputs["fet_before"] + _converted(inputs["minted"], 1.0)}
    if "cudos" in inputs:
        net = _converted(inputs["cudos"], inputs["fet_minted"] / inputs["cudos"], inputs["commission"])
        return {"cudos_per_fet_net": inputs["cudos"] / net}
    name, turned_in = next((key, inputs[key]) for key in ("agix", "fet") if key in inputs)
    return {"fet" if name == "agix" else "asi": _converted(turned_in, inputs["ratio"])}


def _converted(units: float, ratio: float, commission: float = 0.0) -> float:
    block = kind(
        SUPPLY, "conversion", on="2026-01-02", units=float(units), ratio=ratio, commission=f"{100 * commission!r} %"
    )
    return issued(block, 0, 2, 9) / 10**9


def filecoin_simple_reward(case: Case) -> dict[str, int]:
    """One epoch of simple minting. The epochs from 0 on pay 330e6 x e^lambda, the first of them before any time has passed."""
    decay = Decimal(2).ln() / (6 * 1_051_200)
    total = 330_000_000 * decay.exp()
    block = kind(SUPPLY, "exp_decay", total=f"{total} FIL", half_life="2190 day", tick="30 s")
    at = case["inputs"]["epoch"] * EPOCH_PS
    return {"reward_atto": block.issued(at, at + EPOCH_PS, 0, START, 17) * 10}


def _baseline(bytes_now: float, doubles: str = "365 day") -> Any:
    # Power is counted in millionths of the unit that `baseline` is in.
    return kind(
        SUPPLY,
        "baseline",
        total="770 MFIL",
        half_life="2190 day",
        baseline=bytes_now / 1e6,
        doubles=doubles,
        tick="30 s",
    )


def _tick(block: Any, epoch: int, power: int, state: list[int], decimals: int) -> tuple[int, list[int]]:
    """One epoch of baseline minting on Python integers: base units, and the state after it."""
    held, seen = np.array(state, dtype=object), np.array([0, 0, power], dtype=object)
    at = epoch * EPOCH_PS
    return block.issued(at, at + EPOCH_PS, 0, START, decimals, seen, held), held.tolist()


def filecoin_baseline_power(case: Case) -> dict[str, int]:
    """What counts of a network that is larger than any baseline: the baseline."""
    _, state = _tick(_baseline(2.88888888e18), case["inputs"]["epoch"], ENDLESS, [0, 0, ENDLESS, 0], 9)
    return {"baseline_bytes": state[1]}


def filecoin_theta(case: Case) -> dict[str, float]:
    """Effective network time after an epoch without power."""
    inputs = case["inputs"]
    realized, reached = (round(inputs[key] * 10**6) for key in ("cumsum_realized", "cumsum_baseline"))
    block = _baseline(inputs["baseline_power_at_ent"] * 1e6, "1000000 year")
    _, state = _tick(block, 0, 0, [inputs["effective_network_time"], realized, reached, 0], 9)
    return {"theta": state[0] - state[3] / 10**15}


def filecoin_baseline_reward(case: Case) -> dict[str, int]:
    """An epoch in which network time moves on by one, from theta0."""
    theta, moved = int(case["inputs"]["theta0_q128"]) >> 128, 10**24
    theta += (int(case["inputs"]["theta0_q128"]) >> 127) & 1
    reward, state = _tick(_baseline(2.88888888e18), theta + 1, ENDLESS, [theta, moved, moved, 0], 16)
    assert state[0] - state[3] / 10**15 == theta + 1
    return {"reward_atto": reward * 100}


def gonka(**keys: str) -> Any:
    """Gonka's emission."""
    return kind(
        SUPPLY, "exp_decay", initial="285000 GNK/day", rate="0.0475 %/day", tick="1 day", most="600 MGNK", **keys
    )


def gonka_epoch_reward(case: Case) -> dict[str, int]:
    """The reward of a daily epoch."""
    epochs = case["inputs"]["epochs"]
    return {"reward": issued(gonka(), epochs, epochs + 1)}


def helium_emission_per_epoch(case: Case) -> dict[str, float]:
    """The flow in force on a day."""
    steps = {"2023-08-02": 30e6, "2024-08-01": 15e6, "2025-08-01": 7.5e6}
    block = kind(SUPPLY, "flow", initial={day: f"{year / 365!r} HNT/day" for day, year in steps.items()})
    day = datetime.date.fromisoformat(case["inputs"]["from"])
    return {"hnt_per_epoch": issued(block.at(day), 0, 1) / 10**9}


def helium_smoothed_burn(case: Case) -> dict[str, int]:
    """One epoch of net emissions, in whole units."""
    inputs = case["inputs"]
    block = kind(SUPPLY, "reemit", most=f"{inputs['cap']} HNT/day")
    state, seen = np.array([inputs["prev"]]), np.array([inputs["burned"], 0, 0])
    minted = block.issued(0, DAY_PS, 0, START, 0, seen, state)
    return {"smoothed": int(state[0]), "reemit": minted}


def helium_supplement(case: Case) -> dict[str, float]:
    """HIP 149's window: totals, and the rate at an instant."""
    block = kind(SUPPLY, "window", initial="196000 HNT/day", flat="360 day", taper="720 day")
    if "day" not in case["inputs"]:
        flat, taper = issued(block, 0, 360) / 10**9, issued(block, 360, 1080) / 10**9
        return {"flat_total": flat, "taper_total": taper, "program_total": flat + taper}
    day, width = case["inputs"]["day"], 0.2
    # On a straight line the rate at the beginning is twice the mean over a width less the mean over two.
    once, twice = (issued(block, day, day + k * width) / (k * width) for k in (1, 2))
    return {"hnt_per_day": (2 * once - twice) / 10**9}


def ionet_schedule(case: Case) -> dict[str, float]:
    """Months of io.net's first schedule."""
    block = kind(SUPPLY, "exp_decay", initial="40 MIO/year", falls="1.02 %", tick="30.4375 day", most="300 MIO")
    return {"cumulative": issued(block, 0, 30.4375 * case["inputs"]["months"]) / 10**9}


def livepeer_inflation(case: Case) -> dict[str, int]:
    """Rounds of the Minter, at 18 decimals: its rule on Python integers."""
    inputs = case["inputs"]
    percent = {name: f"{Decimal(inputs[name]) / 10**7} %" for name in ("inflation", "change", "target")}
    block = kind(
        SUPPLY,
        "feedback",
        initial=percent["inflation"],
        step=percent["change"],
        target=percent["target"],
        round="1 day",
    )
    row, state = block.row(START, 9).astype(object), block.begin(START, 9).astype(object)
    row[0] = ENDLESS
    supply, minted = int(inputs["supply"]), 0
    for _ in range(inputs.get("rounds", 1)):
        bonded = int(inputs["bonded"]) if "bonded" in inputs else math.floor(supply * inputs["bonded_fraction"])
        minted = Feedback.rule(0, 0, 1, 0, supply, row, np.array([0, bonded, 0], dtype=object), state)
        supply += minted
    return {"inflation": state[0], "mintable": minted, "supply": supply}


def filecoin_reward_vesting(case: Case) -> dict[str, float]:
    """What of a block's reward is free after some days."""
    reward, days = to_base(case["inputs"]["reward"], 15), case["inputs"]["days_since"]
    block = kind(VESTING, "linear", now="25 %", over="180 day", step="1 day")
    return {"unlocked": block.free(reward, days * DAY_PS // 10**6) / 10**15}


def nosana_vesting(case: Case) -> dict[str, float]:
    """Linear release of a pool; a month is a twelfth of a year."""
    pools = {"mining": (20, 2), "team": (20, 4), "company": (25, 3)}
    millions, years = pools[case["inputs"]["pool"]]
    block = kind(VESTING, "linear", over=f"{years} year", step="3 h")
    elapsed_us = round(case["inputs"]["month"] / 12 * YEAR_S * 10**6)
    return {"released": block.free(millions * 10**15, elapsed_us) / 10**9}


def gonka_distribution(case: Case) -> dict[str, Any]:
    """A pool by proved compute, and the last epoch before the cap."""
    inputs = case["inputs"]
    if "weights" not in inputs:
        paid = np.array([inputs["paid_before"]])
        assert inputs["cap"] == 600_000_000 * 10**9
        return {"minted": gonka().issued(0, DAY_PS, 0, START, 9, NOTHING, paid)}
    block, compute = kind(PAYOUT, "compute", remainder="first"), np.array(inputs["weights"], np.int64)
    amounts, left = block.amounts(inputs["pool"], compute, compute, compute=compute)
    assert left == 0
    return {"paid": amounts.tolist()}


def helium_hip20_schedule(case: Case) -> dict[str, float]:
    """A network year's mint, and who gets it: shares by date, and the operators' part between data and coverage."""
    year, day = case["inputs"]["year"], datetime.timedelta(days=365.25)
    halving = kind(SUPPLY, "halving", initial="60 MHNT/year", every="2 year", cap="240 MHNT")
    begin, over = ((year + k) * 365.25 for k in (-1, 0))
    minted = issued(halving, begin, over)
    dated: dict[str, dict[str, str]] = {"operators": {}, "owner": {}, "validators": {}}
    data: dict[str, str] = {}
    for y in range(1, 61):
        first = str(START + day * (y - 1))
        founders = max(Decimal("0.15"), Decimal("0.35") - Decimal("0.01") * (y - 1))
        by_data = min(Decimal("0.79"), Decimal("0.30") + Decimal("0.025") * (y - 1))
        operators = 1 - founders - Decimal("0.06")
        for name, share in (("operators", operators), ("owner", founders), ("validators", Decimal("0.06"))):
            dated[name][first] = f"{100 * share} %"
        data[first] = f"{100 * by_data / operators} %"
    now = START + day * (year - 1) + datetime.timedelta(days=1)
    split = Split.model_validate({**dated, "remainder": "operators"}, context=CONTEXT).at(now)
    parts = split.amounts(minted)
    mix = kind(PAYOUT, "mix", work_share=data).at(now)
    # One node that carries data and one that is there.
    work, live = np.array([1, 0], np.int64), np.array([0, 1], np.int64)
    by_data, by_coverage = mix.amounts(parts["operators"], work, live)[0].tolist()
    return {
        "supply_at_start": issued(halving, 0, begin) / 10**9,
        "minted": minted / 10**9,
        "poc": by_coverage / minted,
        "data": by_data / minted,
        "founders": parts["owner"] / minted,
        "consensus": parts["validators"] / minted,
    }


def _score(keys: dict[str, str], own: list[float]) -> float:
    """A utility score, weighed against a rival whose score is its stake, as on a balance."""
    rival = 1.0
    for _ in range(4):
        block = kind(SCORE, "utility", rivals={"one": {"staked": rival}})
        own_part, its_part = kind(SCORE, "utility", rivals={"one": {"staked": rival / block.weight}}, **keys).shares(
            own
        )
        rival = rival * own_part / max(its_part, 1)
    return rival


def helium_utility_score(case: Case) -> dict[str, float]:
    """V x D x A of a subnetwork."""
    inputs = case["inputs"]
    own = [inputs.get("veHNT", 0.0), inputs.get("dc_burned_usd", 0.0), inputs["fees_usd"]]
    score = _score({}, [float(value) for value in own])
    return {"A": score, "score": score}


def helium_vote_escrow(case: Case) -> dict[str, float]:
    """What a lock weighs."""
    inputs = case["inputs"]
    lock = kind(SCORE, "utility", rivals={}, lock=f"{inputs['months'] / 12!r} year")
    return {"ve": lock.weight * inputs["locked"]}


def helium_backstop(case: Case) -> dict[str, float]:
    """HIP 149: an epoch's base emission, what is minted on top, and what operators may get at most."""
    inputs, unit = case["inputs"], 10**9
    if "data_bucket_hnt" in inputs:
        bucket, most = (round(inputs[key] * unit) for key in ("data_bucket_hnt", "cap_hnt"))
        return {"overflow_to_stakers": Steered(most=most).overflow(bucket) / unit}
    net = f"{inputs['net_cap']} HNT/day"
    smoothed = np.array([round(inputs["smoothed"] * unit)])
    again = smoothed.copy()
    seen = np.array([smoothed[0], 0, 0])
    parts = {
        "schedule": {"kind": "flow", "initial": f"{inputs['emission']} HNT/day"},
        "net": {"kind": "reemit", "most": net},
    }
    # Burns that equal what is smoothed leave it where it is, to two units.
    supply = kind(SUPPLY, "sum", parts=parts)
    planned = supply.issued(0, DAY_PS, 0, START, 9, seen, again)
    alpha = {"share": f"{100 * inputs['mobile_share']!r} %", "operators": "70 %", "validators": "30 %"}
    split = Split.model_validate(alpha, context=CONTEXT)
    band = kind(TARGET, "band", floor=0.5, cap=3.0, net=net)
    told = band.steer(
        {
            "planned": planned,
            "operators": split.amounts(planned).get("operators", 0),
            "paid": round(inputs["carrier_usd"] * 10**9),
            "price": round(inputs["price"] * 10**12),
            "burned_a_day": int(smoothed[0]),
            "start_us": 0,
            "end_us": DAY_PS // 10**6,
            "gpu_s": 0,
            "vault": 0,
            "fees": 0,
            "coin": unit,
        },
        smoothed,
        9,
    )
    delivered = split.amounts(planned + told.top_up).get("operators", 0)
    return {
        "reemit": (planned - round(inputs["emission"] * unit)) / unit,
        "top_up": told.top_up / unit,
        "total_rewards": (planned + told.top_up) / unit,
        "cap_hnt": told.most / unit,
        "delivered_to_operators": delivered / unit,
    }


def render_emission_split(case: Case) -> dict[str, float]:
    """A month of the first year: foundation as treasury, liquidity as holders, artists as owner."""
    month = case["inputs"]["month"]
    flow = kind(SUPPLY, "flow", initial=f"{760_567 * 12} RENDER/year")
    steps = {1: ("25 %", "0 %"), 4: ("12.5 %", "12.5 %"), 10: ("0 %", "25 %")}
    days = {first: str(START + datetime.timedelta(days=30.4375 * (first - 1))) for first in steps}
    split = Split.model_validate(
        {
            "treasury": "50 %",
            "operators": "25 %",
            "holders": {days[first]: shares[0] for first, shares in steps.items()},
            "owner": {days[first]: shares[1] for first, shares in steps.items()},
        },
        context=CONTEXT,
    )
    begin = 30.4375 * (month - 1)
    parts = split.at(START + datetime.timedelta(days=begin + 1)).amounts(issued(flow, begin, begin + 30.4375))
    nodes, liquidity, artists = (parts.get(name, 0) / 10**9 for name in ("operators", "holders", "owner"))
    return {"network_total": nodes + liquidity + artists, "nodes": nodes, "liquidity": liquidity, "artists": artists}


def render_compute_rewards(case: Case) -> dict[str, Any]:
    """One rule a case."""
    name, inputs = case["id"].partition("/")[2], case["inputs"]
    hour_us, unit = 3600 * 10**6, 10**9
    if name == "score_A":
        block, live = kind(PAYOUT, "scored", base="10 %"), np.array([hour_us, hour_us])
        amounts, _ = block.amounts(2**61, np.array([inputs["node_usd"], inputs["max_usd"]]), live)
        return {"A": int(amounts[0]) / int(amounts[1])}
    if name == "pool_cap":
        nodes = inputs["qualified_nodes"]
        block = kind(PAYOUT, "scored", base="10 %", most=f"{inputs['cap_per_node']} RENDER", every="1 week")
        amounts, left = block.amounts(
            inputs["epoch_pool"] * unit, np.ones(nodes, np.int64), np.full(nodes, 168 * hour_us)
        )
        assert left == (inputs["epoch_pool"] - 75_000) * unit
        return {"pool": int(amounts.sum()) / unit}
    if name == "pool_roll":
        months = inputs["months_left"]
        block = kind(SUPPLY, "window", total=f"{inputs['unallocated']} RENDER", flat=f"{months * 30.4375!r} day")
        return {"pool": issued(block, 0, 30.4375) / unit}
    if name in ("job_reward", "availability_half"):
        block = kind(
            PAYOUT, "per_node", each=f"{inputs['base']} RENDER", every="168 h", multiplier=inputs.get("multiplier", 1.0)
        )
        live = np.array([round(inputs.get("hours", 168 * inputs.get("uptime", 1)) * hour_us)])
        return {"reward": int(block.amounts(100 * unit, live, live)[0][0]) / unit}
    return _quarter(inputs)


def _quarter(inputs: dict[str, float]) -> dict[str, Any]:
    """RNP-020's controller at the end of a quarter, given the one before it."""
    quarter, now = 91, round(inputs["current"] * 10**9)
    block = kind(
        SUPPLY,
        "rebalance",
        initial=f"{inputs['current']} RENDER/day",
        period=f"{quarter} day",
        margin=inputs["equal_pain"],
    )
    state = block.begin(START, 9)
    burned = round(inputs["burns"] * 10**9)
    state[4], state[5] = burned * quarter / (1 + inputs["growth"]), 10**9 * quarter / inputs["node_change"]
    block.issued(0, quarter * DAY_PS, 0, START, 9, np.array([burned, 0, 10**9]), state)
    decided = "no_change" if state[0] == now else "raise" if state[0] > now else "lower"
    return {"target": int(state[6]) / 10**9, "decision": decided}


ADAPTERS: dict[str, Callable[[Case], Any]] = {
    "akash_supply": akash_supply,
    "cudos_mint": cudos_mint,
    "fet_supply": fet_supply,
    "filecoin_simple_reward": filecoin_simple_reward,
    "filecoin_baseline_power": filecoin_baseline_power,
    "filecoin_theta": filecoin_theta,
    "filecoin_baseline_reward": filecoin_baseline_reward,
    "gonka_epoch_reward": gonka_epoch_reward,
    "helium_emission_per_epoch": helium_emission_per_epoch,
    "helium_smoothed_burn": helium_smoothed_burn,
    "helium_supplement": helium_supplement,
    "ionet_schedule": ionet_schedule,
    "livepeer_inflation": livepeer_inflation,
    "filecoin_reward_vesting": filecoin_reward_vesting,
    "nosana_vesting": nosana_vesting,
    "gonka_distribution": gonka_distribution,
    "helium_hip20_schedule": helium_hip20_schedule,
    "helium_utility_score": helium_utility_score,
    "helium_vote_escrow": helium_vote_escrow,
    "helium_backstop": helium_backstop,
    "render_emission_split": render_emission_split,
    "render_compute_rewards": render_compute_rewards,
}
