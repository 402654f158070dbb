"""How a network finds out that an answer was not what was paid for: one kind a file, one rule over floats each."""

from sim.blocks import Table
from sim.tokenomics.verify.audit import Audit
from sim.tokenomics.verify.check import GIVEN, SEEN, SIGNATURE, Odds, Verify, at_least_once
from sim.tokenomics.verify.dispute import Dispute, Verdict, settle
from sim.tokenomics.verify.fingerprint import Fingerprint
from sim.tokenomics.verify.none import Unverified
from sim.tokenomics.verify.refereed import Refereed
from sim.tokenomics.verify.replication import Replication
from sim.tokenomics.verify.reputation import Reputation
from sim.tokenomics.verify.sampling import Sampling
from sim.tokenomics.verify.tee import Tee

VERIFY = Table("verify")
for _kind in (Unverified, Sampling, Replication, Refereed, Fingerprint, Tee, Audit):
    VERIFY.register(_kind)

__all__ = [
    "GIVEN",
    "SEEN",
    "SIGNATURE",
    "VERIFY",
    "Audit",
    "Dispute",
    "Fingerprint",
    "Odds",
    "Refereed",
    "Replication",
    "Reputation",
    "Sampling",
    "Tee",
    "Unverified",
    "Verdict",
    "Verify",
    "at_least_once",
    "settle",
]
