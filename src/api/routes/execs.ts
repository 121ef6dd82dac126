import { EngineError } from '../../base/mod.ts';
import type { AttachSession, Execs } from '../../engine/containers/mod.ts';
import { frameHeader, STDOUT } from '../../spec/docker/mod.ts';
import { execCreate, execStart } from '../bodies/exec.ts';
import { failureOf } from '../errors.ts';
import type { Hijack } from '../http/hijack.ts';
import { empty, json, type Reply } from '../http/reply.ts';
import type { ApiRequest } from '../http/request.ts';
import type { AnyRoute } from '../http/route.ts';
import { pipeSession, streamType } from './pipe-session.ts';

/** The tag Exec. */
export function execRoutes(execs: Execs): AnyRoute[] {
  return [
    { method: 'POST', path: '/containers/*name/exec', handle: (request) => create(execs, request) },
    {
      method: 'POST',
      path: '/exec/*id/start',
      hijack: (request, connection) => start(execs, request, connection),
    },
    {
      method: 'POST',
      path: '/exec/*id/resize',
      handle: async (request) => {
        const height = request.query.uint32('h', 'invalid resize height');
        await execs.resize(request.param('id'), height, request.query.uint32('w', 'invalid resize width'));
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/exec/*id/json',
      handle: (request) => json(200, execs.inspect(request.param('id'))),
    },
  ];
}

async function create(execs: Execs, request: ApiRequest): Promise<Reply> {
  const body = await request.json(execCreate);
  if (body.cmd.length === 0) throw new EngineError('invalid', 'No exec command specified');
  // Compat: a size came with 1.42.
  if (request.version.below('1.42')) delete body.consoleSize;
  const { id } = await execs.create(request.param('name'), body);
  return json(201, { Id: id });
}

async function start(execs: Execs, request: ApiRequest, connection: Hijack): Promise<void> {
  const id = request.param('id');
  const options = await request.json(execStart, { required: true });
  if (request.version.below('1.42')) delete options.consoleSize;
  execs.check(id);
  if (options.detach) {
    await execs.start(id, options);
    return await connection.reply(empty(200));
  }
  const contentType = streamType(options.tty, request);
  connection.accept({ contentType, repeatHeaders: true });
  let session: AttachSession | undefined;
  try {
    session = await execs.start(id, options);
  } catch (error) {
    // Compat: the head is out, so that what went wrong comes as output.
    const text = Buffer.from(`${failureOf(error).message}\r\n`);
    if (!options.tty) await connection.write(frameHeader(STDOUT, text.length));
    await connection.write(text);
    return connection.end();
  }
  if (session) await pipeSession(session, connection, { stdin: true });
}
