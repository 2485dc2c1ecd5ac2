"""Run files: HDF5 built from a journal that survives whatever happens to the computer."""
