"""Lets `python -m engage_cli` do what the `engage` command does."""

from engage_cli.cli import main

if __name__ == "__main__":
    main()
