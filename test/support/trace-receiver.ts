import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A span as a collector is sent it; ids in hex. */
export interface ReceivedSpan {
  name: string;
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentSpanId: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  attributes: Record<string, string | number>;
  failed: boolean;
}

/** A collector of traces that takes OTLP over HTTP in protobuf, as their protocol has it by default. */
export interface TraceReceiver {
  /** To be used as OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  spans: ReceivedSpan[];
  /** The paths and content types that were asked for. */
  requests: string[];
  /** All bytes that came. */
  raw(): Buffer;
  close(): Promise<void>;
}

export async function startTraceReceiver(): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = [];
  const requests: string[] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    bodies.push(body);
    requests.push(`${incoming.method} ${incoming.url} ${incoming.headers['content-type']}`);
    spans.push(...spansIn(body));
    outgoing.setHeader('content-type', 'application/x-protobuf').end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    raw: () => Buffer.concat(bodies),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The fields of a protobuf message by their numbers: numbers as they are, everything else as bytes. */
type Fields = Map<number, (bigint | Buffer)[]>;

// The numbers are those of opentelemetry-proto: ExportTraceServiceRequest > ResourceSpans > ScopeSpans > Span.
function spansIn(request: Buffer): ReceivedSpan[] {
  const inside = (message: Buffer, field: number) => (fieldsOf(message).get(field) ?? []) as Buffer[];
  return inside(request, 1)
    .flatMap((resource) => inside(resource, 2))
    .flatMap((scope) => inside(scope, 2))
    .map((span) => {
      const fields = fieldsOf(span);
      const hex = (field: number) =>
        ((fields.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)).toString('hex');
      const status = fields.get(15)?.[0] as Buffer | undefined;
      return {
        name: String(fields.get(5)?.[0]),
        traceId: hex(1),
        spanId: hex(2),
        parentSpanId: hex(4),
        kind: Number(fields.get(6)?.[0] ?? 0n),
        attributes: Object.fromEntries(((fields.get(9) ?? []) as Buffer[]).map(attributeOf)),
        failed: status !== undefined && fieldsOf(status).get(3)?.[0] === 2n,
      };
    });
}

function attributeOf(message: Buffer): [string, string | number] {
  const fields = fieldsOf(message);
  const value = fieldsOf(fields.get(2)?.[0] as Buffer);
  const text = value.get(1)?.[0];
  return [
    String(fields.get(1)?.[0]),
    text === undefined ? Number(value.get(3)?.[0] ?? value.get(2)?.[0]) : String(text),
  ];
}

function fieldsOf(message: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number) => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const read = [varint, () => bytes(8), () => bytes(Number(varint())), undefined, undefined, () => bytes(4)][tag & 7];
    if (!read) throw new Error(`No such type in protobuf: ${tag & 7}`);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), read()]);
  }
  return fields;
}
