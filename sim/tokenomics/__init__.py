"""The economy's primitives: the ledger, and one folder a table of kinds.

Here belong the rules by which coins are made, split, paid, burned, priced and held, the demand of users and the
decisions of operators. Nothing here knows a queue, a GPU's speed or the clock of a run: the world passes times and
records in, and posts what comes out. Imported lower floors only; numba only inside functions.
"""
