"""`deploy/grafana/voicedemo.json`: Grafana can show it, and Prometheus can answer it."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import promtool
from tests.deploy.metric_names import metric_names

pytestmark = pytest.mark.unit

DASHBOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "deploy/grafana/voicedemo.json").read_text()
)
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
TARGETS: list[dict[str, Any]] = [target for panel in PANELS for target in panel["targets"]]
COLUMNS = 24
"""Grafana's grid is so wide."""
VARIABLES = {"$__rate_interval": "5m", "$__range": "6h"}
"""What Grafana puts in place of these in a query."""


def cells(panel: dict[str, Any]) -> list[tuple[int, int]]:
    at = panel["gridPos"]
    columns, rows = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
    return [(column, row) for column in columns for row in rows]


def test_it_can_be_imported_into_any_grafana() -> None:
    assert DASHBOARD["id"] is None  # that of another installation would overwrite a dashboard
    assert (DASHBOARD["uid"], DASHBOARD["title"]) == ("voicedemo", "voicedemo")
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    source = {"type": "prometheus", "uid": f"${{{variable['name']}}}"}
    assert all(part["datasource"] == source for part in (*PANELS, *TARGETS))


def test_panels_have_ids_and_titles_of_their_own() -> None:
    for key in ("id", "title"):
        assert max(Counter(panel[key] for panel in PANELS).values()) == 1
    for panel in PANELS:
        names = [target["refId"] for target in panel["targets"]]
        assert len(names) == len(set(names)) >= 1


def test_no_panel_covers_another() -> None:
    taken = Counter(cell for panel in PANELS for cell in cells(panel))
    assert max(taken.values()) == 1
    assert max(column for column, _ in taken) < COLUMNS


def test_prometheus_can_parse_every_query(tmp_path: Path) -> None:
    queries = [target["expr"] for target in TARGETS]
    for name, value in VARIABLES.items():
        queries = [query.replace(name, value) for query in queries]
    promtool.check_expressions(queries, tmp_path)


def test_every_query_asks_for_metrics_that_exist() -> None:
    for target in TARGETS:
        asked = set(re.findall(r"voicedemo_\w+", target["expr"]))
        assert asked
        assert asked <= metric_names()
