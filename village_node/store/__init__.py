"""The only package that speaks SQL: tables, migrations, both dialects, and the questions asked of them."""

from sqlalchemy import Connection

from village_node.store.database import Store, open_store
from village_node.store.errors import (
    NewerDatabase,
    NotReadable,
    NotSaved,
    Overtaken,
    RoomMade,
    StoreError,
    UnsafeDatabase,
)
from village_node.store.reserve import Room

__all__ = [
    "Connection",
    "NewerDatabase",
    "NotReadable",
    "NotSaved",
    "Overtaken",
    "Room",
    "RoomMade",
    "Store",
    "StoreError",
    "UnsafeDatabase",
    "open_store",
]
