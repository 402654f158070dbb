"""`python -m sim` is `infermint`."""

from sim.cli import main

if __name__ == "__main__":
    main()
