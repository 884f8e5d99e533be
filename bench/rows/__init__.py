"""The rows of the benchmark: each module measures one thing, and says what its figures are (rows/row.py)."""
