"""Cameras that FFmpeg speaks to by itself: RTSP, RTMP, and transport streams over UDP."""
