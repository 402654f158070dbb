"""How what is owed becomes payment: one kind a file; deposits, escrows, channels and tickets, and who bears a default."""

from sim.blocks import Table
from sim.tokenomics.payment.batch import Batch
from sim.tokenomics.payment.channel import Payments
from sim.tokenomics.payment.escrow import Escrow
from sim.tokenomics.payment.prepaid import Prepaid
from sim.tokenomics.payment.stream import Stream
from sim.tokenomics.payment.ticket import Ticket
from sim.tokenomics.payment.way import POTS, SIGNATURE, Held, Moment, Payment, Plan

PAYMENT = Table("payment")
for _kind in (Batch, Stream, Prepaid, Escrow, Ticket, Payments):
    PAYMENT.register(_kind)

__all__ = ["PAYMENT", "POTS", "SIGNATURE", "Held", "Moment", "Payment", "Plan"]
