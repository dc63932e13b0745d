"""The words of the domain as values: money, time, jobs, offers, errors. Standard library only."""
