"""HLS (RFC 8216), live and films."""
