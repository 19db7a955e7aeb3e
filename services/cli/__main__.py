"""``python -m services.cli``: the same as the command ``tocsin``."""

from services.cli.main import main

main()
