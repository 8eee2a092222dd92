"""The service behind the page: live status, video and results for browsers and commands."""
