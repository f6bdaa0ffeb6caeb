"""`deploy/prometheus/`: the configuration, the alerts, and what the alerts are tested with."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import promtool
from tests.deploy.metric_names import metric_names

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "deploy/prometheus"
DOCS = FOLDER.parents[1] / "docs"
ALERTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0][
    "rules"
]


def test_prometheus_takes_the_configuration() -> None:
    promtool.run("check", "config", FOLDER / "prometheus.yml")


def test_the_alerts_fire_when_they_should_and_only_then() -> None:
    promtool.run("test", "rules", FOLDER / "alerts.test.yml")


def test_every_alert_is_seen_to_fire() -> None:
    tests = (FOLDER / "alerts.test.yml").read_text()
    fired = set(re.findall(r'alertname="(\w+)".*, value: 1}', tests))
    assert fired == {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_happened_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"[A-Z{\d][^\n]*\.", alert["annotations"]["summary"])
    assert re.fullmatch(r"[A-Z][^\n]*\.", alert["annotations"]["action"])


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_metrics_and_names_settings_that_exist(alert: dict[str, Any]) -> None:
    text = yaml.safe_dump(alert)
    assert set(re.findall(r"voicedemo_\w+", text)) <= metric_names()
    settings = (DOCS / "settings.md").read_text()
    assert all(f"`{name}`" in settings for name in re.findall(r"VOICEDEMO_\w+", text))


def test_the_tests_of_the_alerts_use_metrics_that_exist() -> None:
    named = re.findall(r"voicedemo_\w+", (FOLDER / "alerts.test.yml").read_text())
    assert set(named) <= metric_names()
