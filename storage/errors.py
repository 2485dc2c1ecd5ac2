"""What can go wrong with run files; every message is written for the person at the bench."""


class StorageError(Exception):
    """A run cannot be written or read."""


class DiskFull(StorageError):
    """There is no space left for the run."""


class NotARunFile(StorageError):
    """The file is not a run, is damaged, or was written by a newer version."""
