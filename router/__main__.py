"""`python -m router`: the same as the `farebox` command."""

from router.cli import main

if __name__ == "__main__":
    main()
