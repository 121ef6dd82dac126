import type { AttachOptions, Containers } from '../../engine/containers/mod.ts';
import type { Hijack } from '../http/hijack.ts';
import type { ApiRequest } from '../http/request.ts';
import type { HijackRoute } from '../http/route.ts';
import { handshake } from '../websocket/handshake.ts';
import { WebSocketPipe } from '../websocket/web-socket.ts';
import { attachOptions } from './attach-options.ts';
import { pipeSession } from './pipe-session.ts';

export function attachWebSocketRoute(containers: Pick<Containers, 'attach'>): HijackRoute {
  return {
    method: 'GET',
    path: '/containers/*name/attach/ws',
    hijack: (request, connection) => attach(containers, request, connection),
  };
}

/** Compat: what keeps the container from being attached to is said before the handshake, as an ordinary answer. */
async function attach(
  containers: Pick<Containers, 'attach'>,
  request: ApiRequest,
  connection: Hijack,
): Promise<void> {
  const options = optionsOf(request);
  const session = await containers.attach(request.param('name'), options);
  const answer = handshake(request.headers);
  if (answer.kind === 'refused') {
    session.close();
    const { headers, text } = answer;
    return connection.switchTo(`HTTP/1.1 400 Bad Request\r\n${headers}\r\n${text}`, { end: true });
  }
  connection.switchTo(answer.head);
  const pipe = new WebSocketPipe(connection, { text: request.version.below('1.28') });
  // Compat: its streams are never framed: a message is whatever came together.
  await pipeSession(session, pipe, { stdin: options.stdin, framed: false });
}

/** Compat: before 1.42 all three streams were attached whatever was asked. */
function optionsOf(request: ApiRequest): AttachOptions {
  const options = attachOptions(request);
  return request.version.below('1.42') ? { ...options, stdin: true, stdout: true, stderr: true } : options;
}
