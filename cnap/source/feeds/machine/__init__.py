"""What this machine itself gives pictures of: USB cameras, screens and test patterns."""
