// What the bench publishes, read from its frames (the format is described in docs/service.md).

const SAMPLE_BYTES = 56;

export function* decode(buffer) {
  const view = new DataView(buffer);
  const text = new TextDecoder();
  let position = 0;
  while (position < buffer.byteLength) {
    const headBytes = view.getUint32(position, true);
    const rowBytes = view.getUint32(position + 4, true);
    position += 8;
    const record = JSON.parse(text.decode(new Uint8Array(buffer, position, headBytes)));
    position += headBytes;
    if (record.kind === "samples") record.rows = samples(view, position, rowBytes / SAMPLE_BYTES);
    position += rowBytes;
    yield record;
  }
}

function samples(view, position, count) {
  const rows = [];
  for (let index = 0; index < count; index++, position += SAMPLE_BYTES) {
    rows.push({
      time: view.getFloat64(position, true),
      E: view.getFloat64(position + 16, true),
      I: view.getFloat64(position + 24, true),
      cycle: view.getUint32(position + 44, true),
    });
  }
  return rows;
}
