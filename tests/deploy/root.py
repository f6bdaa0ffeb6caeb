"""A root file system that stands in for a base image: this machine's own, which stays as it is.

Its ``/etc``, ``/usr`` and ``/var`` are this machine's with a layer on top that takes what is
written. Nothing else of this machine is in it. It lives in a mount namespace, and is gone with the
process that holds that. Needs root.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LAYERED: Final = ("etc", "usr", "var")

MAKE: Final = """
set -eu
cd "$1"; shift
mkdir layers root
mount -t tmpfs layers layers
mount --bind root root
for name in "$@"; do
  layer="layers/$name"
  mkdir -p "$layer/upper" "$layer/work" "root/$name"
  options="lowerdir=/$name,upperdir=$layer/upper,workdir=$layer/work"
  mount -t overlay -o "$options" overlay "root/$name"
done
for link in /bin /sbin /lib /lib32 /lib64 /libx32; do
  if [ -L "$link" ]; then cp -P "$link" root/; fi
done
mkdir -p root/dev root/opt root/proc root/root root/run/secrets root/tmp
mount --rbind /dev root/dev
mount -t proc proc root/proc
mount -t tmpfs -o mode=1777 tmp root/tmp
echo made
exec cat
"""
"""For ``sh``: the folder to work in, and the names of the layered ones. It ends with its standard
input, however this process ends."""


class Root:
    """The file system, and the processes that run in it.

    :param folder: an empty one, for what is written outside the layers.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "root"
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", MAKE, "sh", str(folder), *LAYERED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout
        assert self._holder.stdout.readline() == "made\n", "the file system cannot be made here"

    def outside(self, *command: str) -> str:
        """Run a command that sees this machine's files and the mounts of ours, as root.

        :raises subprocess.CalledProcessError: if it fails.
        """
        inside = ["nsenter", f"--target={self._holder.pid}", "--mount", *command]
        return subprocess.run(inside, check=True, stdout=subprocess.PIPE, text=True).stdout

    def command(self, *command: str, user: str, workdir: str) -> list[str]:
        """A command, as one for this machine that runs it in here.

        A user other than root has no capability and gets none: ``cap_drop: [ALL]`` and
        ``no-new-privileges``.

        :param user: ``UID:GID``.
        """
        uid, gid = user.split(":")
        enter = ["nsenter", f"--target={self._holder.pid}", "--mount", "chroot", str(self.path)]
        become = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        if uid != "0":
            become += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        return [*enter, *become, "--", "env", f"--chdir={workdir}", *command]

    def run(
        self, *command: str, user: str, workdir: str, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, and keep what it says."""
        line = self.command(*command, user=user, workdir=workdir)
        return subprocess.run(line, env=env, capture_output=True, text=True)

    def popen(
        self, command: Sequence[str], *, user: str, workdir: str, env: Mapping[str, str]
    ) -> "subprocess.Popen[str]":
        line = self.command(*command, user=user, workdir=workdir)
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "text": True}
        return subprocess.Popen(line, env=env, **options)

    def mount(self, folder: Path, place: str) -> None:
        """Mount a folder of this machine at a place in here."""
        target = self.path / place.lstrip("/")
        self.outside("mkdir", "--parents", str(target))
        self.outside("mount", "--bind", str(folder), str(target))

    def unmount(self, place: str) -> None:
        self.outside("umount", str(self.path / place.lstrip("/")))

    def volume(self, folder: Path, place: str) -> None:
        """Mount a new, empty folder at a place, with the owner and the mode of what is there."""
        there = str(self.path / place.lstrip("/"))
        mode, uid, gid = self.outside("stat", "--format=%a %u %g", there).split()
        folder.mkdir()
        os.chown(folder, int(uid), int(gid))
        folder.chmod(int(mode, base=8))
        self.mount(folder, place)

    def freeze(self) -> None:
        """Let nobody write from now on, but to what is mounted."""
        for place in ("", *LAYERED):
            self.outside("mount", "-o", "remount,bind,ro", str(self.path / place))

    def close(self) -> None:
        """Remove it. Whatever runs in it has to have ended."""
        self._holder.communicate()
        shutil.rmtree(self.path)
