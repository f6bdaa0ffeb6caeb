"""The names of our metrics, as Prometheus knows them."""

from prometheus_client import REGISTRY

import calls.metrics  # noqa: F401  (registers the metrics)

ENDS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def metric_names() -> set[str]:
    """The names that samples may have."""
    families = [m for m in REGISTRY.collect() if m.name.startswith("voicedemo_")]
    return {family.name + end for family in families for end in ENDS[family.type]}
