// Curves on a canvas.

const TICKS = 4;
// Noise of less than a millivolt does not fill a card.
const LEAST_SPAN = 2e-3;

export function sparkline(canvas, values, color) {
  const context = prepared(canvas);
  if (values.length < 2) return;
  const { low, high } = range(values, LEAST_SPAN);
  trace(context, values.map((_, index) => index), values, [0, values.length - 1], [low, high],
    { left: 1, right: canvas.clientWidth - 1, top: 2, bottom: canvas.clientHeight - 2 }, color);
}

export function plot(canvas, times, values, label, color, textColor) {
  const context = prepared(canvas);
  const box = { left: 74, right: canvas.clientWidth - 12, top: 8, bottom: canvas.clientHeight - 24 };
  if (times.length < 2) return;
  const { low, high } = range(values);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = textColor;
  context.strokeStyle = textColor;
  context.textAlign = "right"; context.textBaseline = "middle";
  for (const value of niceTicks(low, high)) {
    const y = box.bottom - (box.bottom - box.top) * (value - low) / (high - low);
    context.fillText(label(value), box.left - 8, y);
    context.globalAlpha = 0.15;
    context.beginPath(); context.moveTo(box.left, y); context.lineTo(box.right, y); context.stroke();
    context.globalAlpha = 1;
  }
  context.textBaseline = "top";
  for (let tick = 0; tick <= TICKS; tick++) {
    const x = box.left + (box.right - box.left) * tick / TICKS;
    context.textAlign = tick === 0 ? "left" : tick === TICKS ? "right" : "center";
    context.fillText(duration(times[0] + (times.at(-1) - times[0]) * tick / TICKS), x, box.bottom + 7);
  }
  trace(context, times, values, [times[0], times.at(-1)], [low, high], box, color);
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

export function volts(value) {
  return value === null || value === undefined || !Number.isFinite(value) ? "– V" : `${signed(value.toFixed(4))} V`;
}

export function engineering(value, unit) {
  if (value === null || value === undefined || !Number.isFinite(value)) return `– ${unit}`;
  const prefixes = [["", 1], ["m", 1e-3], ["µ", 1e-6], ["n", 1e-9], ["p", 1e-12]];
  const magnitude = Math.abs(value);
  const [prefix, scale] = magnitude === 0 ? ["", 1]
    : prefixes.find(([, size]) => magnitude >= size) ?? prefixes.at(-1);
  const scaled = value / scale;
  const digits = Math.abs(scaled) >= 100 ? 1 : Math.abs(scaled) >= 10 ? 2 : 3;
  return `${signed(scaled.toFixed(digits))} ${prefix}${unit}`;
}

function signed(text) { return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−"); }

function niceTicks(low, high) {
  const rough = (high - low) / TICKS;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= rough);
  const ticks = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    ticks.push(Math.abs(value) < step / 1e6 ? 0 : value);
  }
  return ticks;
}

function range(values, leastSpan = 0) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!Number.isFinite(low)) return { low: 0, high: 1 };
  if (high - low < leastSpan) {
    const middle = (low + high) / 2;
    return { low: middle - leastSpan / 2, high: middle + leastSpan / 2 };
  }
  const margin = high > low ? (high - low) * 0.05 : Math.abs(high) * 0.05 || 1e-6;
  return { low: low - margin, high: high + margin };
}

function prepared(canvas) {
  const scale = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

function trace(context, xs, ys, [left, right], [low, high], box, color) {
  context.beginPath();
  const width = right - left || 1;
  let down = false;
  for (let index = 0; index < xs.length; index++) {
    if (!Number.isFinite(ys[index])) { down = false; continue; }
    const x = box.left + (box.right - box.left) * (xs[index] - left) / width;
    const y = box.bottom - (box.bottom - box.top) * (ys[index] - low) / (high - low);
    if (down) context.lineTo(x, y); else context.moveTo(x, y);
    down = true;
  }
  context.strokeStyle = color;
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  context.stroke();
}
