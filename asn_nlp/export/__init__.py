"""A trained run to the graph that reading runs: fused or traced, and smaller with a gate on F1."""
