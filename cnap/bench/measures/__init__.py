"""What is measured, a file each: `measure(target, workload)` gives the figures."""

MEASURES = ("throughput", "latency", "coldstart", "scaling", "density", "idle")
