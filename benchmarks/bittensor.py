"""A year of Bittensor: `python -m benchmarks.bittensor [--days N] [--validators V]`.

128 subnets of 256 uids block by block, tempo 360, the reserves and prices of mainnet's block 8,766,000, new weights of all
validators every tempo; how many CPU seconds a year takes, and how much memory it holds at its beginning and end. `python -m
benchmarks --only Yuma` sets an epoch of 64 validators and 256 miners beside the same in plain numpy.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.yardstick import customers_per_cpu_s, per_cpu_s
from sim.tokenomics.chains.bittensor import yuma
from sim.tokenomics.chains.bittensor.chain import Chain
from sim.tokenomics.chains.bittensor.rules import by_name

LIVE = Path(__file__).parents[1] / "tests" / "vectors" / "bittensor" / "live_block_8766000.json"
ISSUED = 11_194_293_378_683_952
SUBNETS, UIDS, TEMPO, DAY = 128, 256, 360, 7_200
YEAR = 365.25


def mainnet(validators: int, draw: np.random.Generator) -> Chain:
    """The 127 subnets of the block, and one more like the first; stakes of validators and miners are drawn."""
    live = json.loads(LIVE.read_text())
    given = live["subnets"] + live["subnets"][:1]
    chain = Chain.of(by_name("gated_again"), SUBNETS, validators, UIDS)
    rows, who = chain.subnets, chain.who
    for name, key in (
        ("tao", "tao"),
        ("alpha_in", "alpha_in"),
        ("alpha_out", "alpha_out"),
        ("weight", "w_quote_parts"),
    ):
        rows[name] = [subnet[key] for subnet in given]
    rows["ema"] = [subnet["moving_price_q32"] / 2**32 for subnet in given]
    rows["enabled"] = [subnet["emission_enabled"] for subnet in given]
    chain.row["block"], chain.row["issued"] = live["inputs"]["state_block"], ISSUED
    chain.row["root_tao"] = live["inputs"]["root_tao"]
    rows["started"], rows["last_epoch"] = chain.block - 2_000_000, chain.block - np.arange(SUBNETS) % TEMPO
    # A hundred times as much behind a validator as behind a miner.
    part = draw.pareto(1.2, (SUBNETS, UIDS)) * np.where(np.arange(UIDS) < validators, 1, 0.01)
    who.stake[:] = (part / part.sum(axis=1, keepdims=True) * rows["alpha_out"][:, None]).astype(np.int64)
    who.stake[:, 0] += rows["alpha_out"] - who.stake.sum(axis=1)
    rows["staked"], rows["alpha_issued"] = rows["alpha_out"], rows["alpha_in"] + rows["alpha_out"]
    root = draw.pareto(1.2, validators)
    who.root[:] = (root / root.sum() * live["inputs"]["root_tao"]).astype(np.int64)
    who.owners[:, -1] = 1
    chain.row["free"] = chain.row["issued"] - chain.row["root_tao"] - rows["tao"].sum()
    return chain


def drawn_weights(draw: np.random.Generator, validators: int, miners: int, sets: int) -> np.ndarray:
    """u16[sets, validators, miners]: what validators see of one quality of miners, five percent apart."""
    quality = draw.dirichlet(np.full(miners, 0.7))
    weights = quality * np.exp(draw.normal(0, 0.05, (sets, validators, miners)))
    return (weights / weights.max(axis=2, keepdims=True) * 65_535).astype(np.uint16)


def in_numpy(weights: np.ndarray, stake: np.ndarray, bonds: np.ndarray) -> np.ndarray:
    """A classic epoch as one would write it in numpy, sort and cumulative sum for the medians; returns stored bonds."""
    w = weights / weights.sum(axis=1, keepdims=True)
    order = np.argsort(w, axis=0)
    held = np.cumsum(stake[order], axis=0) > stake.sum() - 32_767 / 65_535
    consensus = np.take_along_axis(np.take_along_axis(w, order, 0), np.argmax(held, axis=0)[None], 0)[0]
    clipped = np.minimum(w, consensus)
    incentive = stake @ clipped
    incentive /= incentive.sum()
    delta = clipped * stake[:, None]
    total, old = delta.sum(axis=0), bonds.sum(axis=0)
    found = 0.1 * np.divide(delta, total, out=np.zeros_like(delta), where=total > 0)
    found += 0.9 * np.divide(bonds, old, out=np.zeros_like(delta), where=old > 0)
    found /= np.maximum(found.sum(axis=0), 1e-300)
    dividends = found @ incentive
    dividends /= dividends.sum()
    return (found / np.maximum(found.max(axis=0), 1e-300) * 65_535).astype(np.uint16)


def numpy_epochs(count: int = 100) -> float:
    """Epochs a CPU-second in plain numpy."""
    weights, stake = _votes()
    bonds = np.zeros((64, UIDS), np.uint16)

    def work() -> None:
        held = bonds
        for k in range(count):
            held = in_numpy(weights[k % len(weights)], stake / yuma.ONE, held)

    return per_cpu_s(count, work)


def kernel_epochs(count: int = 1_000) -> float:
    """Epochs a CPU-second of the kernel that the chain runs, in floats."""
    from sim.kernels.bittensor import yuma as kernel

    weights, stake = _votes()
    terms, bonds, consensus = yuma.Terms().row(), np.zeros((64, UIDS), np.uint16), np.zeros(UIDS)
    room = np.zeros(64), np.zeros((kernel.TILE, 64)), np.zeros((3, UIDS)), np.zeros((64, UIDS))
    found = np.zeros(UIDS), np.zeros(64)

    def work(times: int = count) -> None:
        for k in range(times):
            kernel.one_epoch(terms, weights[k % len(weights)], stake, bonds, *room, consensus, *found)

    work(1)
    return per_cpu_s(count, work)


def exact_epochs(count: int = 100) -> float:
    """Epochs a CPU-second in the chain's own integers."""
    weights, stake = _votes()
    bonds = np.zeros((64, UIDS), np.int64)
    yuma.epoch(yuma.Terms(), weights[0], stake, bonds)
    return per_cpu_s(count, lambda: [yuma.epoch(yuma.Terms(), weights[k % 20], stake, bonds) for k in range(count)])


def blocks(days: int = 1) -> float:
    """Blocks of the whole chain a CPU-second, with 64 validators a subnet and weights that stand."""
    draw = np.random.default_rng(1)
    chain = mainnet(64, draw)
    chain.who.weights[:] = drawn_weights(draw, 64, UIDS, SUBNETS)
    chain.walk(1)
    return per_cpu_s(days * DAY, lambda: chain.walk(days * DAY))


def _votes() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    stake = yuma.stake_shares((draw.pareto(1.2, 64) * 1e12).astype(np.int64) + 1)
    return drawn_weights(draw, 64, UIDS, 20), yuma.normalised(stake)


def main() -> None:
    """Walk a year, or part of one, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bittensor", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=float, default=YEAR)
    parser.add_argument("--validators", type=int, default=64, help="of the 256 uids of a subnet")
    arguments = parser.parse_args()
    draw = np.random.default_rng(1)
    chain = mainnet(arguments.validators, draw)
    sets = [drawn_weights(draw, arguments.validators, UIDS, SUBNETS) for _ in range(4)]
    chain.walk(1)
    yardstick = customers_per_cpu_s()
    begun, held = chain.block, _mib()
    tempos = round(arguments.days * DAY / TEMPO)
    start = time.process_time()
    for k in range(tempos):
        chain.who.weights[:] = sets[k % len(sets)]
        chain.walk(TEMPO)
    spent = time.process_time() - start
    assert chain.misplaced() == ""
    print(
        f"{chain.block - begun:,} blocks, {int(chain.subnets['epochs'].sum()):,} epochs of {arguments.validators} x {UIDS}: "
        f"{spent:.1f} CPU-s, a year {spent / (tempos * TEMPO) * YEAR * DAY:.1f}; {held:.0f} MiB before, {_mib():.0f} after; "
        f"yardstick {yardstick / 1e6:.0f} million"
    )


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
