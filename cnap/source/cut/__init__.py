"""From packets to segments, without re-encoding, and where decoders may begin."""
