"""Many runs: the points of a grid, the ledger of their jobs, and what came out."""
