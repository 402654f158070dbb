"""Every number that a run of the chain rests on beside its subnets' state: its value, where and when it was read, how sure it is.

Those whose source is mainnet's state are of October 2026, and tell the code's default where that differs. Of those whose source is
the code alone (spec 425, 2026-06-30) mainnet's own value was not seen.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple


class Constant(NamedTuple):
    """A number: its value, where it was read and when, whether it is borrowed, fitted or assumed, and what it would change."""

    value: Any
    source: str
    read: str
    kind: Literal["borrowed", "fitted", "assumed"] = "borrowed"
    changes: str = ""


_LIVE = "mainnet state at block 9,240,388, spec 475 (NoBSRecruiter/tao-subnet-trader @bfa925ec, tests/fixtures/golden)"
_LIVE_LATER = "mainnet state at block 9,240,878 (NoBSRecruiter/tao-subnet-trader @bfa925ec, tests/fixtures/golden)"
_CODE = "opentensor/subtensor @14bc6f9f9"
_READ = "2026-11-22"

CHAIN: dict[str, Constant] = {
    "tao_weight": Constant(0.18, f"{_LIVE}; the code's default is 0.0527", _READ),
    "ema_base": Constant(3.0e-4, f"{_LIVE}, SubnetMovingAlpha; the code's default is 3e-6", _READ),
    "ema_half": Constant(201_600, f"{_CODE}, EMAPriceHalvingBlocks: four weeks", _READ),
    "owner_u16": Constant(11_796, f"{_CODE}, SubnetOwnerCut: 17.9995 %", _READ),
    "rank": Constant(32, f"{_LIVE}; EmissionBarRank of RaoFoundation/subtensor PR 2990", _READ),
    "exponent": Constant(3.0, "RaoFoundation/subtensor PR 2990, the gate's curve", _READ),
    "quantile": Constant(0.75, f"{_LIVE}; not in force while a rank stands", _READ),
    "gate_every": Constant(360, "RaoFoundation/subtensor PR 2990, blocks between two bars", _READ),
    "flow_base": Constant(29_597_889_189_277 / 2**63, f"{_CODE}, FlowEmaSmoothingFactor: half in 30 days", _READ),
    "flow_power": Constant(1.0, f"{_CODE}, FlowNormExponent", _READ),
    "flow_cutoff": Constant(0.0, f"{_CODE}, TaoFlowCutoff", _READ),
    "most_epochs": Constant(2, f"{_CODE}, runtime/src/lib.rs, SubtensorMaxEpochsPerBlock", "2026-11-27"),
    "longest_tempo": Constant(50_400, f"{_CODE}, MAX_TEMPO", "2026-11-27"),
}
"""What a row of the chain holds beside the codes of its rules."""

MAINNET: dict[str, Constant] = {
    "fee_u16": Constant(33, f"{_LIVE}, FeeRate: 0.05 % of what is put in, the block author's", _READ),
    "tempo": Constant(360, f"{_CODE}, the default; owners choose 360 to 50,400", _READ),
    "kappa_u16": Constant(32_767, f"{_CODE}, Kappa: a hair under a half", _READ),
    "penalty_u16": Constant(65_535, f"{_CODE}, BondsPenalty", _READ),
    "moving_average": Constant(900_000, f"{_CODE}, BondsMovingAverage, in millionths", _READ),
    "alpha_low_u16": Constant(45_875, f"{_CODE}, AlphaValues: 0.7", _READ),
    "alpha_high_u16": Constant(58_982, f"{_CODE}, AlphaValues: 0.9", _READ),
    "steepness": Constant(1_000, f"{_CODE}, AlphaSigmoidSteepness, in hundredths", _READ),
    "take_u16": Constant(11_796, f"{_CODE}, the default and largest take of validators: 18 %", _READ),
    "burn_half_life": Constant(360, f"{_CODE}, BurnHalfLife, in blocks", _READ),
    "burn_rise_percent": Constant(126, f"{_CODE}, BurnIncreaseMult 1.26", _READ),
    "burn_least": Constant(500_000, f"{_CODE}, MinBurn 0.0005 TAO", _READ),
    "burn_most": Constant(100_000_000_000, f"{_CODE}, MaxBurn 100 TAO", _READ),
    "least_free": Constant(10, f"{_CODE}, MinNonImmuneUids", _READ),
    "permits": Constant(128, f"{_CODE}, the most validators of a subnet; 64 in new ones", _READ),
    "stake_threshold": Constant(1_000, "documentation of the chain: stake below which a validator's weights do not count", _READ),
    "cutoff": Constant(5_000, f"{_CODE}, activity cutoff of 13.889 tempos, at a tempo of 360", _READ),
    "lock_interval": Constant(115_200, f"{_LIVE}; the code's default is 100,800", _READ),
    "lock_least": Constant(1_000_000_000, f"{_LIVE}: 1 TAO; the code's default is 1,000 TAO", _READ),
    "lock_rise": Constant(2, f"{_CODE}: times the last lock; 1 where no subnet was registered yet", _READ),
    "lock_decay": Constant(2, f"{_LIVE}: the cost at block 9,240,878 comes out so only; 1 in {_CODE}", _READ, "fitted"),
    "immunity": Constant(864_000, f"{_LIVE}: 120 days; the code's default is 1,296,000", _READ),
    "leak": Constant(
        103_000_000,
        "RaoFoundation/subtensor issue 3157, table: rao a block that the chain failed to count, November 2025 to May 2026;"
        " 172,001.44 TAO in all",
        _READ,
    ),
    "recycled_a_day": Constant(
        89.0, "TAO, 5,867 in the 474,389 blocks to 9,240,388, the correction of 172,001.44 left out", _READ, "fitted"
    ),
    "recycling_spread": Constant(
        3.0, "95th percentile of recycling over the median: one interval does not tell how it varies", _READ, "assumed",
        "how wide the second halving's dates spread",
    ),
    "uids": Constant(256, f"{_CODE}, the most uids of a subnet; one stays the owner's", _READ),
    "uid_immunity": Constant(5_000, f"{_CODE}, ImmunityPeriod of new subnets, in blocks; 4,096 in older ones", _READ),
    "swap_most": Constant(1_000, f"{_CODE}, pallets/swap: times the reserve that a swap puts in at most", _READ),
    "swap_least_reserve": Constant(
        1_000_000, f"{_CODE}, pallets/swap: rao of what is bought that a pool must hold before a swap", _READ
    ),
    "least_weight": Constant(10**16, f"{_CODE}, pallets/swap: a pool's weights are 0.01 to 0.99, in parts of 10^18", _READ),
    "seen_block": Constant(9_240_388, f"{_LIVE}, made 2026-10-08 19:20:12 UTC: other blocks lie 12 s apart from it", _READ),
    "last_lock": Constant(653_019_966_758, f"{_LIVE_LATER}: rao of a subnet's last lock before it", _READ),
    "last_lock_block": Constant(9_210_610, f"{_LIVE_LATER}: the block of that lock", _READ),
    "age_blocks": Constant(
        2_628_000, "a year since a subnet's first emission and a uid's registration: no published figure", _READ, "assumed",
        "how fast EMA prices move: with 0.93 of their full pace at a year; who is pruned among equals",
    ),
    "most_of_stake": Constant(
        0.5, "the part of what is staked in another subnet that its traders sell in an epoch at most: no published figure",
        _READ, "assumed", "how fast a price process that falls far is followed",
    ),
}  # fmt: skip
"""Defaults of mechanisms that a subnet or a caller may set otherwise, and what a run begins with."""
