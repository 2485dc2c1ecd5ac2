"""``python -m faradaic`` is the command ``faradaic``."""

from faradaic.cli import main

main()
