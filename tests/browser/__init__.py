"""The page in real Chromium, over a real pipeline."""
