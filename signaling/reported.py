"""The metrics of what pages report for their timelines. Everything in a report is a stranger's."""

from collections.abc import Iterable

from calls import metrics
from wire.page import ReportedEvent


def count(events: Iterable[ReportedEvent]) -> None:
    for event in events:
        match event.kind:
            case "restart":
                metrics.restarted(event.detail.get("reason"))
            case "candidate-error":
                metrics.candidate_failed(event.detail.get("code"))
