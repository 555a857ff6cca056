"""The commands of the benchmarks, by family: thin shells around what measures."""
