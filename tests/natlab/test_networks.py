"""Every network is what it says, and the product gets through it, or says why not.

Each test makes its network in a process of its own: see ``jobs.py``.
"""

import json

import pytest
from _pytest.mark import ParameterSet

from .jobs import Job, longest_first
from .profiles import PROFILES

pytestmark = pytest.mark.natlab

IN_BRIEF = ("symmetric", "corporate", "nothing")
"""Networks whose self-test is quick and says three different things."""


HURRIED = ("rebinding",)
"""Networks in which a call has to go on within a second, so nothing may run beside it."""


def quick(*jobs: Job, marks: tuple[pytest.MarkDecorator, ...] = ()) -> list[ParameterSet]:
    return [
        pytest.param(job, id=str(job), marks=(*marks, *_alone_if_hurried(job)))
        for job in longest_first(jobs)
    ]


def long(*jobs: Job) -> list[ParameterSet]:
    return quick(*jobs, marks=(pytest.mark.long,))


def _alone_if_hurried(job: Job) -> tuple[pytest.MarkDecorator, ...]:
    is_hurried = job.profile in HURRIED and job.work in ("chromium", "firefox")
    return (pytest.mark.alone,) if is_hurried else ()


LASTING_S = 60
"""A call that takes longer than this is long by nature: it waits for timers, or in the dark."""

ALL = [profile.name for profile in PROFILES]
LASTING = [profile.name for profile in PROFILES if profile.lasts_s > LASTING_S]
CALLS = [
    *quick(*(Job(name, "chromium") for name in ALL if name not in LASTING)),
    *long(*(Job(name, "chromium") for name in LASTING)),
    *long(*(Job(name, "firefox") for name in ALL)),
]
CHECKS = [
    *quick(*(Job(name, "check") for name in IN_BRIEF)),
    *long(*(Job(name, "check") for name in ALL if name not in IN_BRIEF)),
    *long(*(Job(name, "check in firefox") for name in IN_BRIEF)),
]
PROOFS = [
    *quick(*(Job(name, "proof") for name in ALL if name not in LASTING)),
    *long(*(Job(name, "proof") for name in LASTING)),
]


@pytest.mark.parametrize("job", CALLS)
def test_the_call_gets_through_or_says_why_not(job: Job) -> None:
    trial = job.run()
    assert trial["claims"]
    missed = [what for what, expected, found in trial["claims"] if expected != found]
    story = {name: trial[name] for name in ("way", "pair", "gaps", "restarts", "said", "reason")}
    assert not missed, f"not: {'; '.join(missed)}\n{json.dumps(story, indent=1)}"


@pytest.mark.parametrize("job", PROOFS)
def test_the_network_is_what_it_says(job: Job) -> None:
    claims = job.run()
    assert claims
    assert [claim for claim in claims if claim[1] != claim[2]] == []


@pytest.mark.parametrize("job", CHECKS)
def test_the_self_test_is_right_about_it(job: Job) -> None:
    claims = job.run()
    assert claims
    assert [claim for claim in claims if claim[1] != claim[2]] == []
