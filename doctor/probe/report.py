"""What a run of the probe tells: on a terminal, and as JSON."""

import json
from collections.abc import Callable

from wire.findings import Status

from .run import Outcome

Write = Callable[[Outcome], str]


def as_text(outcome: Outcome) -> str:
    """A line as the doctor writes it; below it the next step if the call failed."""
    fault = outcome.fault
    if fault is None:
        heard, restart = outcome.stages["heard"], outcome.stages["restart"]
        told = f"heard the echo after {heard:.2f} s, and after an ICE restart of {restart:.2f} s"
        return f"{Status.GOOD.mark} {outcome.way:8} {told}"
    return f"{Status.BAD.mark} {outcome.way:8} {fault.sentence}\n{'':11}→ {fault.next_step}"


def as_json(outcome: Outcome) -> str:
    """One line."""
    fault = outcome.fault
    told = {
        "way": outcome.way,
        "ok": fault is None,
        "fault": fault.code if fault else None,
        "sentence": fault.sentence if fault else "",
        "next_step": fault.next_step if fault else "",
        "seconds": round(outcome.seconds, 3),
        "cpu_s": round(outcome.cpu_s, 3),
        **{f"{stage}_s": round(took, 4) for stage, took in outcome.stages.items()},
    }
    return json.dumps(told)
