"""Hours of cameras and mishaps: does memory stay flat, is every frame accounted for?"""
