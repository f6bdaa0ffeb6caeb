"""Builds an image from a Containerfile without a container engine, and runs commands in it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from .containerfile import Ignored, Instruction, Shell, instructions
from .root import Root

OF_THE_BUILD: Final = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
"""Variables of this machine that its builds need to reach the package index, as an engine would
hand them over (``--build-arg``)."""
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Image:
    """An image that is built step by step.

    :param root: the file system that stands in for its base.
    :param context: the folder that is built.
    :param cache: where the folders are kept that last from one build to the next.

    :ivar env: what its processes find in the environment.
    :ivar user: ``UID:GID`` of its processes.
    """

    def __init__(self, root: Root, context: Path, ignored: Ignored, cache: Path) -> None:
        self.root = root
        self.env = {"PATH": PATH}
        self.user = "0:0"
        self.workdir = "/"
        self.volumes: list[str] = []
        self.entrypoint: list[str] = []
        self.cmd: list[str] = []
        self._context, self._ignored, self._cache = context, ignored, cache

    def build(self, containerfile: str) -> None:
        """Execute all instructions.

        :raises subprocess.CalledProcessError: if a step fails.
        :raises KeyError: for an instruction that is not known here.
        """
        steps: dict[str, Callable[[Instruction], None]] = {
            "FROM": lambda one: None,  # the root stands in for it
            "RUN": self._run,
            "COPY": self._copy,
            "ENV": self._env,
            "USER": self._user,
            "WORKDIR": self._workdir,
            "VOLUME": lambda one: self.volumes.extend(one.words()),
            "ENTRYPOINT": lambda one: setattr(self, "entrypoint", one.words()),
            "CMD": lambda one: setattr(self, "cmd", one.words()),
        }
        for one in instructions(containerfile):
            steps[one.keyword](one)

    def start(self, *arguments: str, env: Mapping[str, str]) -> "subprocess.Popen[str]":
        """Start a process of the image, as ``docker run IMAGE ARGUMENTS`` does."""
        command = [*self.entrypoint, *(arguments or self.cmd)]
        return self.root.popen(
            command, user=self.user, workdir=self.workdir, env={**self.env, **env}
        )

    def run(self, *command: str, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run a command beside the processes, as ``docker exec`` does."""
        return self.root.run(
            *command, user=self.user, workdir=self.workdir, env={**self.env, **env}
        )

    def _run(self, one: Instruction) -> None:
        shell = Shell.of(one.rest)
        for place in shell.caches:
            kept = self._cache / place.strip("/").replace("/", "-")
            kept.mkdir(parents=True, exist_ok=True)
            self.root.mount(kept, place)
        given = {name: value for name, value in os.environ.items() if name.startswith(OF_THE_BUILD)}
        env = {"HOME": "/root", **given, **self.env}
        done = self.root.run(
            "/bin/sh", "-c", shell.line, user=self.user, workdir=self.workdir, env=env
        )
        for place in shell.caches:
            self.root.unmount(place)
        assert done.returncode == 0, f"{shell.line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"

    def _copy(self, one: Instruction) -> None:
        *sources, target = one.words()
        there = self._inside(target)
        for file in self._ignored.files(self._context):
            for source in sources:
                if source == "." or file == source:
                    place = there / (file if source == "." else Path(file).name)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(self._context / file, place, follow_symlinks=False)
                    os.chown(place, 0, 0, follow_symlinks=False)

    def _inside(self, place: str) -> Path:
        """The path on this machine of a place in the image that is in no layer."""
        path = Path(os.path.normpath(Path(self.workdir) / place))
        if path.parts[1] != "opt":
            raise ValueError(f"COPY to {path}: the reader copies to /opt alone")
        return self.root.path / path.relative_to("/")

    def _env(self, one: Instruction) -> None:
        self.env.update(dict(word.split("=", 1) for word in one.words()))

    def _user(self, one: Instruction) -> None:
        self.user = one.rest

    def _workdir(self, one: Instruction) -> None:
        self.workdir = one.rest
        self._inside(".").mkdir(parents=True, exist_ok=True)
