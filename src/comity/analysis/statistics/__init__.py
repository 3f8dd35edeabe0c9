"""Figures of a period: tables, the cells that must be withheld, and the files they are published in."""
