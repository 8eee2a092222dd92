"""What is measured, a file each: `measure(target, workload)` gives the figures."""
