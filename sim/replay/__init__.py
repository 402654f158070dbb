"""One replica served a log: what a server of this kind would have done with these requests, beside what one did.

Here belong serving the rows of a log by an engine, and the statistics of both sides. Reading a log is the workload's,
GPUs, models and engines are the serving wing's; tables and figures of the record are the report's.
"""

from sim.replay.replica import Served, serve
from sim.replay.statistics import record
from sim.replay.table import requests_csv

__all__ = ["Served", "record", "requests_csv", "serve"]
