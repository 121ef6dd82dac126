import type { AttachSession, Containers } from '../../engine/containers/mod.ts';
import { failureOf } from '../errors.ts';
import { type Hijack, RAW_STREAM } from '../http/hijack.ts';
import type { ApiRequest } from '../http/request.ts';
import type { HijackRoute } from '../http/route.ts';
import { attachOptions } from './attach-options.ts';
import { pipeSession, streamType } from './pipe-session.ts';

export function attachRoute(containers: Pick<Containers, 'attach'>): HijackRoute {
  return {
    method: 'POST',
    path: '/containers/*name/attach',
    hijack: (request, connection) => attach(containers, request, connection),
  };
}

async function attach(
  containers: Pick<Containers, 'attach'>,
  request: ApiRequest,
  connection: Hijack,
): Promise<void> {
  const options = attachOptions(request);
  let session: AttachSession;
  try {
    session = await containers.attach(request.param('name'), options);
  } catch (error) {
    const { status, message } = failureOf(error);
    return connection.refuse(status, RAW_STREAM, message);
  }
  connection.accept({ contentType: streamType(session.tty, request), repeatHeaders: false });
  await pipeSession(session, connection, { stdin: options.stdin });
}
