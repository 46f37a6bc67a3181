"""Small disks for the tests here; where mounting is not allowed they are skipped with what the machine said."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.disk.small_disk import CannotMount, SmallDisk


@pytest.fixture(scope="module")
def mount(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., SmallDisk]]:
    """A maker of small disks of so many megabytes (tmpfs, or ext4 in a file), unmounted at the end."""
    made: list[SmallDisk] = []

    def make(megabytes: int, kind: str = "tmpfs") -> SmallDisk:
        folder: Path = tmp_path_factory.mktemp("disk")
        try:
            image = tmp_path_factory.mktemp("image") / "disk.img"
            made.append(SmallDisk.ext4(folder, image, megabytes) if kind == "ext4" else SmallDisk(folder, megabytes))
        except CannotMount as refused:
            pytest.skip(str(refused))
        return made[-1]

    yield make
    for disk in made:
        disk.close()
