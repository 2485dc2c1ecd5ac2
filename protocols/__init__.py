"""Protocols and the steps they are made of: pure descriptions, no instrument, no clock."""
