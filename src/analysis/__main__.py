"""`python -m analysis` is the same command as `analysis`."""

from analysis.cli import main

if __name__ == "__main__":
    main()
