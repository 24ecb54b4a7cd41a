"""What the project promises about its speed, measured: ratios inside one run, with equal answers checked.

`python3 start.py bench [reading building rating commands] [--rows N]`; README.md says how to read the numbers.
"""
