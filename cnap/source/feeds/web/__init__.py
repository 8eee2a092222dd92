"""Cameras behind a web address: pictures one by one, MJPEG, and video as it comes."""
