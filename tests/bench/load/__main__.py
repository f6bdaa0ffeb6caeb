"""Compares this product with others on one core: ``python -m tests.bench.load`` (``make bench``).

The server runs on core 0 and the load generator on core 1, with a fresh server for each load. The
results are printed and written to ``docs/performance.md``; ``--quick`` only prints them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .generator import Figures, memory_mb
from .products import (
    BARE,
    FASTRTC,
    JANUS,
    LISTENING,
    OURS,
    PIPECAT,
    TRANSCODING,
    Product,
)
from .report import OnWire, Result, Wire, table, wire_table, write_document

GENERATOR_CORE: Final = ("taskset", "--cpu-list", "1")
GENERATOR_S: Final = 180


FULL: Final[tuple[tuple[Product, Sequence[int]], ...]] = (
    (OURS, (1, 10, 40, 120, 220, 260, 300, 340, 380)),
    (TRANSCODING, (1, 40, 80)),
    (LISTENING, (1, 80, 120)),
    (PIPECAT, (1, 5, 10, 15)),
    (FASTRTC, (1, 10, 20, 25, 30)),
    (BARE, (1, 5, 10)),
    (JANUS, (1, 10, 40, 100)),
)
QUICK: Final[tuple[tuple[Product, Sequence[int]], ...]] = (
    (OURS, (10, 40)),
    (PIPECAT, (5,)),
    (FASTRTC, (10,)),
    (JANUS, (40,)),
)


WIRES: Final = (Wire(), Wire(loss=0.02), Wire(loss=0.1), Wire(loss=0.02, late=0.05))
ON_WIRES: Final = (OURS, BARE)
"""Pipecat and FastRTC are left out: they use aiortc's receiver, and ``BARE`` stands for it."""
WIRE_CALLS: Final = 5
WIRE_S: Final = 20


def measure(product: Product, ladder: Sequence[int], seconds: float) -> Result:
    """Measure growing loads, up to and including the first under which a call is not clean."""
    result = Result(product.name, note=product.why_not())
    for calls in () if result.note else ladder:
        figures, idle_mb = one_load(product, calls, seconds)
        result.loads[calls] = figures
        result.idle_mb = result.idle_mb or idle_mb
        print(f"{product.name:20} {json.dumps(figures.__dict__)}", file=sys.stderr, flush=True)
        if calls not in result.clean:
            break
    return result


def on_bad_wires(products: Sequence[Product]) -> list[OnWire]:
    found = []
    for product in products:
        for wire in WIRES:
            options = ["--loss", str(wire.loss), "--late", str(wire.late)]
            every = ["--recorders", str(WIRE_CALLS)]
            figures, _ = one_load(product, WIRE_CALLS, WIRE_S, *options, *every)
            found.append(OnWire(product.name, wire, figures))
            print(f"{product.name:20} {wire} {figures}", file=sys.stderr, flush=True)
    return found


def one_load(product: Product, calls: int, seconds: float, *options: str) -> tuple[Figures, float]:
    """Measure one load on a fresh server.

    :param options: further options of the generator.
    :returns: the figures, and the server's memory before the first call in MB.
    :raises RuntimeError: if the server does not start, or takes no calls.
    """
    with tempfile.TemporaryDirectory() as folder, product.start(Path(folder)) as server:
        idle_mb = memory_mb(server.pid)
        command = [
            *(*GENERATOR_CORE, sys.executable, "-m", "tests.bench.load.generator"),
            *(server.signalling, server.url, str(server.pid)),
            *("--calls", str(calls), "--seconds", str(seconds)),
            *(("--voice", server.voice) if server.voice else ()),
            *(("--says-nothing",) if server.says_nothing else ()),
            *options,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=GENERATOR_S)
        if done.returncode:
            raise RuntimeError(f"{product.name}, {calls} calls: {done.stderr[-2000:]}")
        return Figures(**json.loads(done.stdout)), idle_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter loads")
    parser.add_argument("--seconds", type=float, help="length of each load")
    parser.add_argument("--only", nargs="*", help="products, by the beginning of their names")
    options = parser.parse_args()
    seconds = options.seconds or (5 if options.quick else 10)
    plan = QUICK if options.quick else FULL
    wanted = tuple(options.only or [""])
    results = [
        measure(product, ladder, seconds) for product, ladder in plan if _is(product, wanted)
    ]
    on_wires = [] if options.quick else on_bad_wires([p for p in ON_WIRES if _is(p, wanted)])
    print(table(results))
    print(wire_table(on_wires))
    if not options.quick and not options.only:
        write_document(results, on_wires)


def _is(product: Product, wanted: tuple[str, ...]) -> bool:
    return product.name.startswith(wanted)


if __name__ == "__main__":
    main()
