"""The newest outcome of each way, for Prometheus."""

import time
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, start_http_server, write_to_textfile

from .run import Outcome
from .ways import Way


class Metrics:
    """What is exposed. There are at most five ways, and one fault for each."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self._faults: dict[Way, str] = {}
        self._up = self._gauge("up", "1 if the newest call was good, 0 if not")
        self._fault = self._gauge("fault", "1 for what the newest call found broken", "fault")
        self._stage = self._gauge("stage_seconds", "How long a stage took", "stage")
        self._cpu = self._gauge("cpu_seconds", "CPU time of the newest call, at the probe")
        self._at = self._gauge("last_call_timestamp_seconds", "When the newest call ended")

    def take(self, outcome: Outcome) -> None:
        """Replace what was known of the outcome's way."""
        way, fault = outcome.way, outcome.fault
        self._up.labels(way).set(fault is None)
        if way in self._faults:
            self._fault.remove(way, self._faults.pop(way))
        if fault is not None:
            self._faults[way] = fault.code
            self._fault.labels(way, fault.code).set(1)
        self._stage.remove_by_labels({"way": way})
        for stage, seconds in outcome.stages.items():
            self._stage.labels(way, stage).set(seconds)
        self._cpu.labels(way).set(outcome.cpu_s)
        self._at.labels(way).set(time.time())

    def write(self, path: Path) -> None:
        """Write them where node_exporter's textfile collector looks. Nobody sees half a file.

        :raises OSError: it cannot be written.
        """
        write_to_textfile(str(path), self.registry)

    def serve(self, address: str, port: int) -> None:
        """Answer Prometheus on a port, in a thread.

        :raises OSError: the port cannot be had.
        """
        start_http_server(port, address, self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        full_name = f"voicedemo_probe_{name}"
        return Gauge(full_name, meaning, ["way", *labels], registry=self.registry)
