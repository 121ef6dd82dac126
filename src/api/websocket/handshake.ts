import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Spec: RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export type Handshake =
  | { kind: 'accepted'; head: string }
  /** `headers` with the line's end; a bare head and text, as Docker answers. */
  | { kind: 'refused'; headers: string; text: string };

/** Answers a client's opening handshake. Spec: RFC 6455, section 4.2. Compat: the sentences of golang.org/x/net. */
export function handshake(headers: IncomingHttpHeaders): Handshake {
  const has = (name: string, token: string) =>
    String(headers[name] ?? '')
      .split(',')
      .some((word) => word.trim().toLowerCase() === token);
  if (!has('upgrade', 'websocket') || !has('connection', 'upgrade')) {
    return { kind: 'refused', headers: '', text: 'not websocket protocol' };
  }
  const key = headers['sec-websocket-key'];
  if (key === undefined || key === '') {
    return { kind: 'refused', headers: '', text: 'mismatch challenge/response' };
  }
  if (headers['sec-websocket-version'] !== '13') {
    const text = 'missing or bad WebSocket Version';
    return { kind: 'refused', headers: 'Sec-WebSocket-Version: 13\r\n', text };
  }
  // Compat: one protocol is taken, whatever it is; a choice of several is refused.
  const protocol = String(headers['sec-websocket-protocol'] ?? '').trim();
  if (protocol.includes(',')) return { kind: 'refused', headers: '', text: '' };
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  const chosen = protocol === '' ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  const head =
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${accept}\r\n${chosen}\r\n`;
  return { kind: 'accepted', head };
}
