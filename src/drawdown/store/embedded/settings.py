"""The server's parameters, each with its reason; sized for a laptop, durable at every commit.

They go on the command line at each start, so that an update of the product updates them too.
"""

from __future__ import annotations

# fmt: off
SETTINGS: tuple[tuple[str, str, str], ...] = (
    # parameter                         value      why
    ("listen_addresses",                "",        "no network: a socket in a private folder"),
    ("port",                            "5432",    "part of the socket's name; no port is opened"),
    ("unix_socket_permissions",         "0700",    "the socket is its user's, and root's"),
    ("fsync",                           "on",      "what was answered is on the disk"),
    ("synchronous_commit",              "on",      "callers are answered after their commit"),
    ("full_page_writes",                "on",      "a page torn by a power cut can be repaired"),
    ("shared_buffers",                  "256MB",   "hot blocks, keys and outbox stay in memory"),
    ("wal_buffers",                     "16MB",    "a batch of 10,000 events fits between flushes"),
    ("max_wal_size",                    "2GB",     "bulk loads force no checkpoints by volume"),
    ("checkpoint_timeout",              "15min",   "fewer whole-page images in the log"),
    ("random_page_cost",                "1.1",     "laptops have solid state disks"),
    ("jit",                             "off",     "compiling costs more than short queries take"),
    ("max_parallel_workers_per_gather", "0",       "containers have 64 MB of /dev/shm: too little"),
    ("max_connections",                 "100",     "a pool for each process, and room for people"),
    ("timezone",                        "UTC",     "instants are UTC everywhere"),
    ("log_timezone",                    "UTC",     "and so is the log"),
    ("log_line_prefix",                 "%m [%p] ", "when, and which process"),
    ("log_checkpoints",                 "off",     "the log is for what went wrong"),
    ("lc_messages",                     "C",       "messages that can be searched for"),
)
# fmt: on
