"""The page of the benchmark: docs/benchmarks.md and its charts, made of the results on disk."""
