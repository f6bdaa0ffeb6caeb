"""Every network is what it says, and the product gets through it, or says why not.

The calls are made side by side, in processes of their own: see ``jobs.py``.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from .jobs import Job, under_way
from .profiles import PROFILES

pytestmark = pytest.mark.natlab

PROOFS = [Job(profile.name, "proof") for profile in PROFILES]
CALLS = [
    *(Job(profile.name, "chromium") for profile in PROFILES),
    *(Job(profile.name, "firefox") for profile in PROFILES),
]
CHECKS = [
    *(Job(profile.name, "check") for profile in PROFILES),
    *(Job(name, "check in firefox") for name in ("symmetric", "corporate", "nothing")),
]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[dict[Job, Future[Any]]]:
    wanted = [item.callspec.params["job"] for item in request.session.items if _is_ours(item)]
    with under_way(wanted) as futures:
        yield futures


def _is_ours(item: Any) -> bool:
    return item.path.samefile(__file__)


@pytest.mark.parametrize("job", PROOFS, ids=str)
def test_the_network_is_what_it_says(job: Job, results: dict[Job, Future[Any]]) -> None:
    claims = results[job].result()
    assert claims
    assert [claim for claim in claims if claim[1] != claim[2]] == []


@pytest.mark.parametrize("job", CALLS, ids=str)
def test_the_call_gets_through_or_says_why_not(job: Job, results: dict[Job, Future[Any]]) -> None:
    trial = results[job].result()
    assert trial["claims"]
    missed = [what for what, expected, found in trial["claims"] if expected != found]
    story = {name: trial[name] for name in ("way", "pair", "gaps", "restarts", "said", "reason")}
    assert not missed, f"not: {'; '.join(missed)}\n{json.dumps(story, indent=1)}"


@pytest.mark.parametrize("job", CHECKS, ids=str)
def test_the_self_test_is_right_about_it(job: Job, results: dict[Job, Future[Any]]) -> None:
    claims = results[job].result()
    assert claims
    assert [claim for claim in claims if claim[1] != claim[2]] == []
