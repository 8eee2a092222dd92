"""Films and pictures of this machine as cameras."""
