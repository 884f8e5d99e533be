"""What the rows of the benchmark are measured with: processes, the gateway, clients, and the results on disk."""
