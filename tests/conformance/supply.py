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

from sim.tokenomics.supply import SUPPLY, Feedback

Case = dict[str, Any]
START = datetime.date(2026, 1, 1)
DAY_PS = 86_400 * 10**12
EPOCH_PS = 30 * 10**12
"""Filecoin's epoch."""
TICKERS = frozenset({"AKT", "CUDOS", "FET", "FIL", "GNK", "HNT", "IO", "LPT", "NOS", "RENDER"})
ENDLESS = 10**40


def kind(table: Any, name: str, **keys: Any) -> Any:
    """A block of a kind, read as from a file."""
    return table[name].model_validate({"kind": name, **keys}, context={"yaml": True, "tickers": TICKERS})


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
}
