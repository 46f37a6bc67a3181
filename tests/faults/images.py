"""Copies of a node's disk, and a node that goes on from one: the database alone, or with all that stands beside it."""

import shutil
from pathlib import Path

from tests.network import Live, Network


def image_of(net: Network, code: str, folder: Path) -> Path:
    """A copy of a node's whole disk, taken while it stands still; it is started again."""
    net[code].downlink.close()
    net[code].member.store.close()
    copy = folder / f"image-{len(list(folder.glob('image-*')))}"
    copy.mkdir()
    for file in net.built.folder.glob(f"{code}.db*"):
        shutil.copy(file, copy / file.name)
    shutil.copytree(net.built.folder / f"{code}.data", copy / f"{code}.data")
    net.start(code)
    return copy


def put_back(net: Network, code: str, image: Path, *, whole: bool) -> None:
    """Put a node's database back as it was in the image; with `whole` also its identity, keys and witness file."""
    net[code].downlink.close()
    net[code].member.store.close()
    folder = net.built.folder
    for file in folder.glob(f"{code}.db*"):
        file.unlink()
    for file in image.glob(f"{code}.db*"):
        shutil.copy(file, folder / file.name)
    if whole:
        shutil.rmtree(folder / f"{code}.data")
        shutil.copytree(image / f"{code}.data", folder / f"{code}.data")


def restore(net: Network, code: str, image: Path, *, whole: bool) -> Live:
    """Put a node's disk back and start it: another process, that draws other random bytes."""
    put_back(net, code, image, whole=whole)
    net.built.lives += 1
    return net.start(code)
