#!/usr/bin/env python3
"""Aggregate a trace of language-model requests to the usage that the demonstration bills.

    tools/aggregate_usage.py AzureLLMInferenceTrace_code.csv > src/drawdown/demo/azure_llm_usage.csv

Needs nothing but Python. The rule that gives requests to customers is in drawdown/demo/usage.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from drawdown.core.errors import MalformedEventError
from drawdown.demo.usage import aggregate, write


def main(arguments: list[str]) -> int:
    """Read the trace named on the command line, write aggregated CSV to standard output."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with Path(arguments[0]).open(encoding="utf-8-sig", newline="") as trace:
            usage = aggregate(trace)
    except (MalformedEventError, OSError, UnicodeDecodeError) as fault:
        print(f"{arguments[0]}: {fault}", file=sys.stderr)
        return 1
    sys.stdout.writelines(write(usage))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
