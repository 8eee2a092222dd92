"""The benchmark: what the pipeline does on a machine, beside the simplest programs that do the same
work there, so that every figure is a ratio. docs/bench.md says what each means."""
