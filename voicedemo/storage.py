from collections.abc import Iterator
from typing import Any

import rjsmin
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from pages.render import bundle


class _Joined:
    """Reads scripts from another storage, joined with their imports and minified."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def open(self, name: str) -> "File[Any]":
        return ContentFile(rjsmin.jsmin(bundle.joined(self._read, name)).encode())

    def _read(self, name: str) -> str:
        with self._storage.open(name) as script:
            return bytes(script.read()).decode()


class PageStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Stores static files hashed and compressed, with one script for each page."""

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Any]:
        others = {name: path for name, path in paths.items() if not name.endswith(".js")}
        entries = {name: (_Joined(paths[name][0]), paths[name][1]) for name in bundle.ENTRIES}
        yield from super().post_process(others | entries, *args, **options)
