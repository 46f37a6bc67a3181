"""The wire form: a message's tables, segments in columns, and the packing of its body."""

from sync_protocol.wire.packing import (
    DICTIONARIES,
    PLAIN,
    ZSTD,
    ZSTD_DICTIONARY_2,
    content_size,
    pack_body,
    unpack_body,
    unpack_content,
)
from sync_protocol.wire.segment import Segment, keep, kept, pack_segment, read_segment, rebuild
from sync_protocol.wire.tables import Tables

__all__ = [
    "DICTIONARIES",
    "PLAIN",
    "ZSTD",
    "ZSTD_DICTIONARY_2",
    "Segment",
    "Tables",
    "content_size",
    "keep",
    "kept",
    "pack_body",
    "pack_segment",
    "read_segment",
    "rebuild",
    "unpack_body",
    "unpack_content",
]
