// What the page needs to know of a segment: where its init section ends, its codec, and its times.
// ISO/IEC 14496-12 (boxes), 14496-15 (avcC, hvcC), RFC 6381 (codec strings).

function* boxes(view, start, end) {
  while (start + 8 <= end) {
    let size = view.getUint32(start);
    let header = 8;
    if (size === 1) {
      size = Number(view.getBigUint64(start + 8));
      header = 16;
    }
    if (size < header || start + size > end) return;
    yield { type: text(view, start + 4), start, body: start + header, end: start + size };
    start += size;
  }
}

const text = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
const hex = (n) => n.toString(16).padStart(2, "0");

function find(view, start, end, ...path) {
  for (const box of boxes(view, start, end)) {
    if (box.type !== path[0]) continue;
    return path.length === 1 ? box : find(view, box.body, box.end, ...path.slice(1));
  }
  return null;
}

// { init, media, codec, type, start, end }: times in seconds on the stream's own timeline.
export function parse(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const moov = find(view, 0, data.length, "moov");
  const moof = find(view, 0, data.length, "moof");
  if (!moov || !moof) throw new Error("The segment is not fragmented MP4.");
  const parts = [...boxes(view, 0, data.length)].filter((b) => b.type === "moof" || b.type === "mdat");
  const media = data.subarray(parts[0].start, parts.at(-1).end);
  const codec = codecOf(view, moov);
  return {
    init: data.subarray(0, moov.end),
    media,
    codec,
    type: `video/mp4; codecs="${codec}"`,
    ...times(view, moov, moof),
  };
}

function times(view, moov, moof) {
  const mdhd = find(view, moov.body, moov.end, "trak", "mdia", "mdhd");
  const scale = view.getUint32(mdhd.body + (view.getUint8(mdhd.body) === 1 ? 20 : 12));
  const traf = find(view, moof.body, moof.end, "traf");
  const tfdt = find(view, traf.body, traf.end, "tfdt");
  const long = view.getUint8(tfdt.body) === 1;
  const start = long ? Number(view.getBigUint64(tfdt.body + 4)) : view.getUint32(tfdt.body + 4);
  return { start: start / scale, end: (start + durationOf(view, moov, traf)) / scale };
}

function durationOf(view, moov, traf) {
  const trex = find(view, moov.body, moov.end, "mvex", "trex");
  const tfhd = find(view, traf.body, traf.end, "tfhd");
  const flags = view.getUint32(tfhd.body) & 0xffffff;
  let usual = trex ? view.getUint32(trex.body + 12) : 0;
  if (flags & 0x8) usual = view.getUint32(tfhd.body + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0));
  let total = 0;
  for (const box of boxes(view, traf.body, traf.end)) {
    if (box.type === "trun") total += trunDuration(view, box, usual);
  }
  return total;
}

function trunDuration(view, box, usual) {
  const flags = view.getUint32(box.body) & 0xffffff;
  const samples = view.getUint32(box.body + 4);
  if (!(flags & 0x100)) return samples * usual;
  const size = [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit).length * 4;
  let at = box.body + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
  let total = 0;
  for (let n = 0; n < samples && at + 4 <= box.end; n++, at += size) total += view.getUint32(at);
  return total;
}

function codecOf(view, moov) {
  const stsd = find(view, moov.body, moov.end, "trak", "mdia", "minf", "stbl", "stsd");
  const entry = stsd && boxes(view, stsd.body + 8, stsd.end).next().value;
  if (!entry) throw new Error("The segment's init section names no codec.");
  const inside = (type) => find(view, entry.body + 78, entry.end, type)?.body;
  switch (entry.type) {
    case "avc1":
    case "avc3": {
      const at = inside("avcC");
      return `${entry.type}.${[1, 2, 3].map((n) => hex(view.getUint8(at + n))).join("")}`;
    }
    case "hvc1":
    case "hev1":
      return hevc(view, entry.type, inside("hvcC"));
    case "av01": {
      const at = inside("av1C");
      const [one, two] = [view.getUint8(at + 1), view.getUint8(at + 2)];
      const depth = two & 0x40 ? (two & 0x20 ? 12 : 10) : 8;
      const level = String(one & 31).padStart(2, "0");
      return `av01.${one >> 5}.${level}${two & 0x80 ? "H" : "M"}.${String(depth).padStart(2, "0")}`;
    }
    case "vp09": {
      const at = inside("vpcC") + 4;
      const numbers = [view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2) >> 4];
      return `vp09.${numbers.map((n) => String(n).padStart(2, "0")).join(".")}`;
    }
    default:
      return entry.type;
  }
}

function hevc(view, type, at) {
  const profile = view.getUint8(at + 1);
  const space = ["", "A", "B", "C"][profile >> 6];
  let flags = view.getUint32(at + 2);
  let reversed = 0;
  for (let n = 0; n < 32; n++, flags >>>= 1) reversed = ((reversed << 1) | (flags & 1)) >>> 0;
  const constraints = [6, 7, 8, 9, 10, 11].map((n) => view.getUint8(at + n));
  while (constraints.length && !constraints.at(-1)) constraints.pop();
  const tier = profile & 32 ? "H" : "L";
  const head = `${type}.${space}${profile & 31}.${reversed.toString(16)}.${tier}${view.getUint8(at + 12)}`;
  return [head, ...constraints.map((n) => n.toString(16).toUpperCase())].join(".");
}

const NAMES = {
  avc: "H.264",
  hvc: "H.265",
  hev: "H.265",
  av0: "AV1",
  vp0: "VP9",
  mp4: "MPEG-4",
  apc: "ProRes",
  ap4: "ProRes",
  dvc: "DV",
  AVd: "DNxHD",
};

export const codecName = (codec) => NAMES[codec.slice(0, 3)] ?? codec;
