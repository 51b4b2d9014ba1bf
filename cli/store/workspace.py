"""The composition root of commands that run in this process: what the service joins to AWS is joined to a folder."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tidewatch.registry import LoadedModel, Publisher, Registry, SeriesKey, parse_version
from tidewatch.registry.lineage import library_versions
from tidewatch.tenancy import DEFAULT_TENANT

from cli.errors import WrongUsage
from cli.store.data import FileDataStore
from cli.store.versions import FileVersionStore

_SECONDS_TO_PUBLISH: Final = 15.0


class Workspace:
    """Models in a folder. Nothing is made before something is published.

    Attributes:
        registry: loads and lists versions.
        publisher: publishes versions.
    """

    def __init__(self, folder: Path) -> None:
        versions = FileVersionStore(folder)
        arrays = FileDataStore(folder, "models", "npz")
        self.registry: Final = Registry(versions, lambda: arrays)
        self.publisher: Final = Publisher(
            versions,
            FileDataStore(folder, "training", "csv"),
            arrays,
            deadline_seconds=_SECONDS_TO_PUBLISH,
            now=lambda: datetime.now(UTC),
            libraries=library_versions(),
            architecture=platform.machine(),
        )

    def load(self, series_id: str, version: str | None) -> LoadedModel:
        """A model, of the champion if no version is named.

        Raises:
            WrongUsage: if the version is written wrong.
            SeriesNotFound, VersionNotFound: if there is none.
            DataCorrupted: if it is damaged.
        """
        try:
            selector = None if version is None else parse_version(version)
        except ValueError as error:
            raise WrongUsage(f"--version {version!r}: {error}.") from None
        return self.registry.load(self.key(series_id), selector)

    def key(self, series_id: str) -> SeriesKey:
        """A series of the folder, which has one tenant."""
        return SeriesKey(DEFAULT_TENANT, series_id)
