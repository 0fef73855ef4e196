"""Reads an export in a process of its own and says how much memory that took: ``python -m tests.ingest.measure_apple FILE``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.files import apple_health
from tests.memory import peak_mb


def main() -> None:
    """Prints samples, refusals, seconds, and the peak memory before and after in megabytes."""
    before = peak_mb()
    begin = time.perf_counter()
    samples = refused = 0
    for batch in apple_health.read(Path(sys.argv[1]), zone=ZoneInfo("Asia/Tokyo")):
        samples += sum(len(each) for each in batch.series)
        refused += sum(each.count for each in batch.rejects)
    sys.stdout.write(
        json.dumps(
            {
                "samples": samples,
                "refused": refused,
                "seconds": time.perf_counter() - begin,
                "cpu": time.process_time(),
                "before_mb": before,
                "peak_mb": peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    main()
