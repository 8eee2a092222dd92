"""When frames were captured: packets on one timeline, whatever cameras' clocks do."""
