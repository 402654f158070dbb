"""The simulator held against theory: classical queues with known answers, run through its own engines and kernels.

Here belongs what `infermint verify` does: the cases with their theoretical values (`vectors/`), one estimator a family, intervals,
and the verdict. It simulates no network and no coin. Who reads a study need not come here.
"""
