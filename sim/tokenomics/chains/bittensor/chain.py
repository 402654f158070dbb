"""The whole chain: its state, blocks in a kernel, and what people do between blocks: stake, unstake, register, set weights.

    chain = Chain.of(rules.by_date(day), subnets=128, validators=64, uids=256)
    ...                          # fill the rows
    chain.walk(7200)             # a day

Blocks go by in float mode with all balances in integers; a block that loses or makes a rao stops the run. Trades are exact.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import numpy as np

from sim.errors import InvariantError
from sim.tokenomics.chains.bittensor import coinbase
from sim.tokenomics.chains.bittensor.balancer import PARTS, Balancer, Swap, SwapError
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.rules import Rules
from sim.tokenomics.chains.bittensor.subnets import payouts, pool_of
from sim.tokenomics.chains.bittensor.yuma import Terms

FEE_U16: int = MAINNET["fee_u16"].value
"""A swap's fee in 65535ths, all of it the block author's, in every subnet; on the chain an owner may set another."""
LEVEL = PARTS // 2
"""Weight of a pool that weighs both sides alike."""


@dataclasses.dataclass
class Chain:
    """State of the chain: one row of it all, a row a subnet, and by uid what `sim.kernels.bittensor.epochs.Neurons` lists."""

    row: Any
    subnets: Any
    terms: Any
    who: Any
    room: Any

    @classmethod
    def of(cls, rules: Rules, subnets: int, validators: int, uids: int, terms: Terms | None = None) -> Chain:
        """An empty chain under a rule set; uids 0 to `validators` - 1 validate, and all of them vote.

        Nobody holds anything yet: who fills the rows sees to it that `misplaced` stays empty.
        """
        from sim.kernels.bittensor import epochs

        s, v, n = subnets, validators, uids
        who = epochs.Neurons(
            np.zeros((s, v, n), np.uint16), np.zeros((s, v, n), np.uint16), np.zeros((s, n), np.int64),
            np.zeros((s, v), np.int64), np.ones((s, v), np.int64), np.zeros((s, n), np.int64), np.zeros((s, n)),
            np.zeros((s, n)), np.zeros((s, v)), np.zeros((s, v), np.int64),
        )  # fmt: skip
        room = epochs.Scratch(
            np.zeros(v), np.zeros((8, v)), np.zeros((3, n)), np.zeros((v, n)), np.zeros(v, np.int64),
            np.zeros(v, np.int64), np.zeros(v, np.int64), np.zeros(s), np.zeros(s, np.int64),
        )  # fmt: skip
        rows = coinbase.subnet_rows(s)
        rows["tempo"] = MAINNET["tempo"].value
        return cls(coinbase.chain_row(rules), rows, np.repeat((terms or Terms()).row(), s), who, room)

    @property
    def block(self) -> int:
        """The last block."""
        return int(self.row["block"][0])

    def misplaced(self) -> str:
        """What does not add up, in words; empty where every rao is in its place."""
        apart = np.flatnonzero(self.who.stake.sum(axis=1) != self.subnets["staked"])
        if len(apart):
            return f"block {self.block}: stakes of subnet {self.subnets['netuid'][apart[0]]} are not what it has staked"
        if found := coinbase.misplaced(self.row, self.subnets):
            return found
        apart = np.flatnonzero(self.who.claims.sum(axis=1) != self.subnets["claims"])
        if len(apart):
            return f"block {self.block}: claims in subnet {self.subnets['netuid'][apart[0]]} are not what root may claim there"
        return ""

    def walk(self, blocks: int) -> None:
        """Let blocks go by. Raises `InvariantError`, naming block and subnet, where a rao is lost or made."""
        from sim.kernels.bittensor import walking

        found = walking.walk(self.row, self.subnets, self.terms, self.who, self.room, blocks)
        if found >= 0:
            raise InvariantError(self.misplaced() or f"block {self.block}: row {found} does not add up")

    def put_rules(self, rules: Rules) -> None:
        """Put another rule set in force from the next block on."""
        coinbase.put_rules(self.row, rules)

    def stake(self, subnet: int, uid: int, tao: int, limit: Fraction | None = None) -> Swap:
        """Buy alpha of a subnet's row with free TAO and stake it behind a uid. Raises `SwapError` as the pool does."""
        swap = self._buy(subnet, tao, limit)
        self.who.stake[subnet, uid] += swap.out
        return swap

    def stake_across(self, subnet: int, tao: int) -> Swap:
        """The same behind all validators, in proportion to their stake; the first keeps what rounding leaves."""
        validators = self.who.root.shape[1]
        swap, held = self._buy(subnet, tao, None), self.who.stake[subnet, :validators]
        self.who.stake[subnet, :validators] += _in_proportion(swap.out, held)
        return swap

    def _buy(self, subnet: int, tao: int, limit: Fraction | None) -> Swap:
        one, pool = self.subnets[subnet], self._pool(subnet)
        swap = pool.buy(tao, FEE_U16, limit)
        # The fee stays with those who hold TAO freely: the block's author is one of them.
        self.row["free"] -= swap.paid_in
        one["tao"], one["alpha_in"] = pool.tao, pool.alpha
        one["alpha_out"] += swap.out
        one["staked"] += swap.out
        one["user_net"] += swap.paid_in
        return swap

    def unstake(self, subnet: int, uid: int, alpha: int, limit: Fraction | None = None) -> int:
        """Sell alpha staked behind a uid; the rao of TAO the seller gets. The author sells the fee at once, without one."""
        if alpha > self.who.stake[subnet, uid]:
            raise ValueError(f"{alpha} rao found; {self.who.stake[subnet, uid]} are staked behind uid {uid}")
        out, gone = self._sell(subnet, alpha, limit)
        self.who.stake[subnet, uid] -= gone
        return out

    def unstake_all(self, subnet: int, alpha: np.ndarray) -> tuple[int, np.ndarray]:
        """Sell what `alpha`, int64[uids], says of each uid in one swap: the rao of TAO that all sellers together get, and what
        went of each.

        What the chain does not take, as its fee would be worth less than a rao of TAO, stays with the first who sells. Raises
        `ValueError` where more is sold than is staked behind a uid, `SwapError` as the pool does.
        """
        if (alpha > self.who.stake[subnet]).any() or (alpha < 0).any():
            uid = int(((alpha > self.who.stake[subnet]) | (alpha < 0)).argmax())
            raise ValueError(f"{alpha[uid]} rao found; {self.who.stake[subnet, uid]} are staked behind uid {uid}")
        out, gone = self._sell(subnet, int(alpha.sum()), None)
        sold = alpha.copy()
        sold[int((alpha > 0).argmax())] -= int(alpha.sum()) - gone
        self.who.stake[subnet] -= sold
        return out, sold

    def _sell(self, subnet: int, alpha: int, limit: Fraction | None) -> tuple[int, int]:
        """Rao of TAO to the seller, and of alpha that went, the fee included."""
        one, pool = self.subnets[subnet], self._pool(subnet)
        swap = pool.sell(alpha, FEE_U16, limit)
        out, gone = swap.out, swap.paid_in
        author = pool.tao_for(swap.fee)
        if author:
            pool.sell(swap.fee)
            out, gone = out + author, gone + swap.fee
        self.row["free"] += out
        one["tao"], one["alpha_in"] = pool.tao, pool.alpha
        one["alpha_out"] -= gone
        one["staked"] -= gone
        one["user_net"] -= out
        return swap.out, gone

    def stake_root(self, tao: int) -> None:
        """Put free TAO on root behind the first validator of every subnet; negative: take it back. No fee.

        Raises `ValueError` where there is less.
        """
        if tao > self.row["free"][0] or -tao > self.who.root[:, 0].min():
            raise ValueError(f"{tao} rao found; {self.row['free'][0]} are free, {self.who.root[:, 0].min()} on root")
        self.row["free"] -= tao
        self.row["root_tao"] += tao
        self.who.root[:, 0] += tao

    def sell_claims(self, subnet: int, alpha: int) -> int:
        """Sell alpha that root may claim in a subnet; rao of TAO. Nothing is sold where the pool refuses: 0.

        It is claimed through every validator in proportion to what root may claim there. Dividends of root are no stake, so no
        fee is taken. Raises `ValueError` where less may be claimed.
        """
        one, pool = self.subnets[subnet], self._pool(subnet)
        if not 0 <= alpha <= one["claims"]:
            raise ValueError(f"{alpha} rao found; root may claim {one['claims']}")
        try:
            swap = pool.sell(alpha)
        except SwapError:
            return 0
        one["tao"], one["alpha_in"] = pool.tao, pool.alpha
        one["alpha_out"] -= swap.paid_in
        one["claims"] -= swap.paid_in
        self.who.claims[subnet] -= _part_of(swap.paid_in, self.who.claims[subnet])
        self.row["free"] += swap.out
        return swap.out

    def replace(self, subnet: int, lock: int, price: float) -> int:
        """Put a new subnet in a row: holders of the old one's alpha get its TAO, the new pool holds the lock; rao paid to holders.

        The new subnet keeps its row's number, is not switched on, and its uids hold nothing. What was burned and rounded off counts as
        people's alpha; the pool's alpha counts for nobody, as in older subnets. Raises `ValueError` where less
        TAO than the lock is free.
        """
        if lock > self.row["free"][0]:
            raise ValueError(f"a lock of {lock} rao found; {self.row['free'][0]} are free")
        one, who = self.subnets[subnet], self.who
        pot = int(one["tao"])
        people, protocol = payouts(pot, [int(one["alpha_out"] - one["protocol"])], int(one["protocol"]))
        netuid, tempo = int(one["netuid"]), int(one["tempo"])
        self.subnets[subnet] = 0
        one["netuid"], one["eligible"], one["tempo"], one["weight"] = netuid, 1, tempo, LEVEL
        one["started"] = one["last_epoch"] = one["last_step"] = self.block
        one["tao"], one["alpha_in"] = pool_of(lock, price)
        one["alpha_issued"] = one["alpha_in"]
        for array in (who.stake, who.weights, who.bonds, who.consensus, who.incentive, who.dividends, who.claims):
            array[subnet] = 0
        # The protocol's part of the pot is nobody's: it stays out of reach.
        self.row["stranded"] += protocol
        self.row["free"] += people[0] - int(one["tao"])
        return people[0]

    def register(self, subnet: int, uid: int, paid: int) -> None:
        """Give a uid to a newcomer who pays `paid` rao of TAO: it buys alpha, which is recycled.

        Weights and bonds to the uid and, where it validates, its own are cleared. Raises `ValueError` while alpha is staked
        behind the uid: it is not the newcomer's.
        """
        if self.who.stake[subnet, uid]:
            raise ValueError(f"{self.who.stake[subnet, uid]} rao are staked behind uid {uid}: move them first")
        one, pool = self.subnets[subnet], self._pool(subnet)
        swap = pool.buy(paid)
        self.row["free"] -= swap.paid_in
        one["tao"], one["alpha_in"] = pool.tao, pool.alpha
        one["alpha_issued"] -= swap.out
        self.who.weights[subnet][:, uid] = self.who.bonds[subnet][:, uid] = 0
        if uid < self.who.weights.shape[1]:
            self.who.weights[subnet][uid] = self.who.bonds[subnet][uid] = 0

    def _pool(self, subnet: int) -> Balancer:
        one = self.subnets[subnet]
        return Balancer(int(one["tao"]), int(one["alpha_in"]), int(one["weight"]))


def _in_proportion(total: int, held: np.ndarray) -> np.ndarray:
    """`total` in proportion to `held`, rounded down; the first keeps the rest, and all of it where nobody holds anything."""
    whole = int(held.sum())
    parts = np.array([total * int(one) // whole if whole else 0 for one in held], np.int64)
    parts[0] += total - int(parts.sum())
    return parts


def _part_of(total: int, held: np.ndarray) -> np.ndarray:
    """`total` out of what each holds, in proportion and no more than that; rounded so that the parts up to any place add up."""
    whole, up_to = int(held.sum()), np.cumsum(held)
    return np.diff([0, *(total * int(one) // whole if whole else 0 for one in up_to)])
