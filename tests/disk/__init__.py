"""Full disks, failing disks and short memory: real small filesystems, real processes, real limits."""
