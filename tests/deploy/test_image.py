"""The image, built step by step as its Containerfile says, and the services of the compose file.

There is no container engine here, so the base image is this machine's own file system
(:mod:`tests.deploy.root`). The processes have the user, the rights and the read-only files that the
compose file gives them.
"""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.caller import Caller, launch
from tests.ports import free_port
from tests.postgres import Postgres
from tests.redis import Redis

from .compose import FOLDER, OURS
from .containerfile import Ignored
from .image import Image
from .root import Root

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "var/environments/image-cache"
NOT_THE_USERS = "/opt/voicedemo /opt/voicedemo/bot /opt/voicedemo/.venv /etc /usr /"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a file system of its own"),
]


class Stack:
    """The services of the compose file that are ours.

    :ivar env: what their environment has, with Redis, PostgreSQL and ports of the test's own.
    """

    def __init__(self, image: Image, redis: Redis) -> None:
        self._image = image
        self.port = free_port()
        own = {
            "REDIS_URL": redis.url,
            "PORT": str(self.port),
            "VOICEDEMO_BIND": "127.0.0.1",
            "VOICEDEMO_MEDIA_PORT": str(free_port()),
            "VOICEDEMO_STUN_URLS": "",
            "VOICEDEMO_COTURN_URLS": "turn:127.0.0.1:9",
        }
        self.env = {name: {**one["environment"], **own} for name, one in OURS.items()}
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def finish(self, name: str) -> None:
        """Run a service that ends by itself."""
        done = self._image.run(*self._image.entrypoint, *OURS[name]["command"], env=self.env[name])
        assert done.returncode == 0, done.stderr

    def start(self, name: str, says: str) -> None:
        """Start a service, and wait until it says a text."""
        process = self._image.start(*OURS[name]["command"], env=self.env[name])
        self.processes[name] = process
        assert process.stdout
        assert any(says in line for line in process.stdout), f"{name} did not start"

    def stop(self, name: str) -> int:
        """Stop a service as an engine does, and return its exit status."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        status = process.wait(90)
        assert process.stdout
        process.stdout.close()
        return status

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with closing(refused):
                return refused.code, refused.read().decode()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 30
        while (answer := self.get("/readyz"))[0] != 200:
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)

    def is_healthy(self, name: str) -> bool:
        """Run the health check of a service, at the test's port."""
        _, *command = OURS[name]["healthcheck"]["test"]
        asked = [word.replace(":8000/", f":{self.port}/") for word in command]
        return self._image.run(*asked, env=self.env[name]).returncode == 0


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image, with a volume, and with nothing else that can be written to."""
    folder = tmp_path_factory.mktemp("image")
    root = Root(folder)
    image = Image(root, ROOT, Ignored((ROOT / ".containerignore").read_text()), CACHE)
    try:
        image.build((FOLDER / "Containerfile").read_text())
        (volume,) = image.volumes
        root.volume(folder / "volume", volume)
        root.freeze()
        yield image
    finally:
        root.close()


@pytest.fixture
def secrets(image: Image, tmp_path: Path) -> Iterator[Path]:
    """The folder of the files that hold secrets, which the image's user alone may read."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    image.root.mount(folder, "/run/secrets")
    yield folder
    image.root.unmount("/run/secrets")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Postgres]:
    folder = tmp_path / "postgres"
    folder.mkdir()
    running = Postgres(folder)
    yield running
    running.stop()


@pytest.fixture
def stack(image: Image, secrets: Path, redis: Redis, database: Postgres) -> Iterator[Stack]:
    texts = {"secret_key": "k" * 50, "database_url": database.url, "coturn_secret": "c" * 32}
    for name, text in texts.items():
        file = secrets / name
        file.write_text(text)
        file.chmod(0o400)
        os.chown(file, *map(int, image.user.split(":")))
    stack = Stack(image, redis)
    yield stack
    for name in list(stack.processes):
        stack.stop(name)


@pytest.fixture
def browser(playwright: Playwright) -> Iterator[Browser]:
    with closing(launch(playwright)) as browser:
        yield browser


def test_its_user_can_write_into_the_volume_alone(image: Image) -> None:
    (volume,) = image.volumes
    done = image.run(
        "sh", "-c", f"touch {volume}/it; for one in {NOT_THE_USERS}; do touch $one/it; done", env={}
    )
    assert done.stderr.count("Read-only file system") == len(NOT_THE_USERS.split())
    assert len(done.stderr.splitlines()) == len(NOT_THE_USERS.split())


def test_there_is_no_secret_in_it(image: Image) -> None:
    found = image.run("find", "/opt", "-name", "secret_key", "-o", "-name", ".env", env={})
    assert (found.returncode, found.stdout) == (0, "")


def test_its_services_carry_calls(stack: Stack, browser: Browser) -> None:
    stack.finish("migrate")
    stack.finish("collectstatic")
    stack.start("web", "Open http")
    assert stack.get("/readyz")[0] == 503
    stack.start("worker-1", "takes calls")
    stack.start("worker-2", "takes calls")
    stack.wait_until_ready()
    assert stack.is_healthy("web")
    assert "<button" in stack.get("/")[1]
    caller = Caller(browser, f"http://localhost:{stack.port}/?voice=echo")
    caller.call()
    caller.wait_for_sound()
    # One worker is replaced, then the other one: the call moves to where there is one.
    for name in ("worker-1", "worker-2"):
        assert stack.stop(name) == 0
        stack.start(name, "takes calls")
    caller.wait_for("connected")
    caller.wait_for_sound()
    assert caller.complaints == []
    assert stack.stop("web") == 0
