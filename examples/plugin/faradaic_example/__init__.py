"""A protocol and a driver that are not part of faradaic."""
