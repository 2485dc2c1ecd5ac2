"""``python -m faradaic`` is the command ``faradaic``."""

from .cli import main

main()
