"""Print a digest of a few blocks and epochs: run compiled and in plain Python, where bounds are checked, it must be the same."""

from __future__ import annotations

import hashlib

import numpy as np

from sim.tokenomics.chains.bittensor import yuma
from sim.tokenomics.chains.bittensor.yuma import Terms
from tests.tokenomics.chains.chains import small


def digest() -> str:
    """Hash of all that three rule sets leave behind, and of an epoch in the chain's integers."""
    found = hashlib.sha256()
    cases = (("gated_again", Terms(relative=True, liquid=True)), ("net_flow", Terms()), ("price", Terms(penalty=9_000)))
    for name, terms in cases:
        chain = small(name, subnets=3, validators=3, uids=6, terms=terms)
        chain.subnets["last_epoch"] = 0
        chain.walk(4)
        assert chain.misplaced() == ""
        exact = yuma.epoch(terms, chain.who.weights[0], yuma.stake_shares(np.array([5, 3, 1])), chain.who.bonds[0])
        for array in (chain.row, chain.subnets, *chain.who, exact.bonds, exact.dividends, exact.incentive):
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


if __name__ == "__main__":
    print(digest())
