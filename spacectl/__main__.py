"""Runs the command line."""

from spacectl.cli.app import main

if __name__ == "__main__":
    main()
