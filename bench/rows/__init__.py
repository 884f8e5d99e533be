"""The rows of the benchmark: each module measures one thing and defines its figures (rows/row.py)."""
