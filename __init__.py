"""faradaic: electrochemical protocols on real and simulated instruments, streamed to HDF5."""

__version__ = "0.1.0"
