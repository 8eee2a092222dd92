// The kinds of source that a camera's url can name, each with an example.

// `fixed`: the whole url, or how it begins; `example` where there is more to say.
const KINDS = [
  { kind: "rtsp", word: "Network camera (RTSP)", begins: ["rtsp://", "rtsps://"], example: "rtsp://user:password@192.168.1.20/stream1", hint: "The camera's manual has its path. A password is never shown again; ${NAME} stands for one kept beside cameras.yaml." },
  { kind: "hls", word: "HLS", begins: ["hls+http"], ends: [".m3u8"], example: "https://example.org/live/index.m3u8", hint: "A live or finished playlist. Write hls+https:// where the address does not end in .m3u8." },
  { kind: "mjpeg", word: "MJPEG over HTTP", begins: ["mjpeg+http"], ends: [".mjpg", ".mjpeg"], example: "http://192.168.1.21/video.mjpg", hint: "One JPEG after the other in one answer, as many small cameras have it." },
  { kind: "snapshot", word: "Snapshots (JPEG)", begins: ["snapshot+http"], ends: [".jpg", ".jpeg", ".png"], example: "snapshot+http://192.168.1.22/snapshot.jpg", hint: "Asked for again and again, as often as frames per second say." },
  { kind: "rtmp", word: "RTMP", begins: ["rtmp://", "rtmps://"], example: "rtmp://192.168.1.30/live/stage", hint: "A stream that a server has; it is fetched from there." },
  { kind: "http", word: "Video over HTTP", begins: ["http://", "https://"], example: "https://example.org/films/gate.mp4", hint: "A film or an endless stream. What it is, is found by its address and type." },
  { kind: "device", word: "USB camera", begins: ["/dev/video", "v4l2:"], example: "/dev/video0", hint: "On the machine where the cameras are read. cnap discover lists what is there." },
  { kind: "screen", word: "Screen", begins: ["screen:"], example: "screen:", hint: "What is on the screen of the machine where the cameras are read." },
  { kind: "pattern", word: "Test picture", begins: ["testsrc:"], example: "testsrc:", hint: "A moving picture with a clock, to try things with." },
  { kind: "push", word: "Pushed to us", begins: ["push:"], example: "push:", hint: "A phone or an edge box sends video: POST /streams/NAME/segments with the token." },
  { kind: "file", word: "File or folder", begins: ["file://", "/", "."], example: "/films/gate.mp4", hint: "On the machine where the cameras are read. Films begin again at their end, unless told otherwise." },
];

// What an address alone tells; a file where it tells nothing.
export function kindOf(url) {
  const path = url.toLowerCase().split(/[?#]/)[0];
  const web = /^https?:/.test(path);
  return KINDS.find(({ begins, ends = [] }) => {
    const first = begins.some((start) => path.startsWith(start));
    return first || (web && ends.some((end) => path.endsWith(end)));
  }) ?? KINDS.at(-1);
}

export { KINDS };
