// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en");

export const count = (n) => whole.format(n);

export function short(n) {
  if (n < 10_000) return whole.format(n);
  if (n < 1_000_000) return `${(n / 1000).toFixed(n < 100_000 ? 1 : 0)}k`;
  return `${(n / 1_000_000).toFixed(1)}M`;
}

export const rate = (perSecond) => (perSecond < 99.95 ? perSecond.toFixed(1) : perSecond.toFixed(0));

export function seconds(s) {
  if (s == null) return "–";
  if (s < 10) return `${s.toFixed(2)} s`;
  return s < 100 ? `${s.toFixed(1)} s` : duration(s);
}

export function duration(s) {
  if (s < 60) return `${Math.max(0, Math.round(s))} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
