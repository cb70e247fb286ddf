"""Delta tables and the DuckDB view of them."""

import os

# delta-rs spreads what it writes over as many writers as its runtime has threads, and batches pile up before those that
# are behind: 1.3 GB for 3 GB of text on two cores. With one thread 0.2 GB, however much is written, as fast there. The
# runtime reads this when the first table is opened.
os.environ.setdefault("TOKIO_WORKER_THREADS", "1")
