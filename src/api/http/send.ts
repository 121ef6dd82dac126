import type { ServerResponse } from 'node:http';
import type { Reply } from './reply.ts';
import { writeAndDrain } from './writer.ts';

/** Sends a reply whose general headers are already set. A throw of a stream before its head passes through. */
export async function sendReply(response: ServerResponse, reply: Reply): Promise<void> {
  if (reply.kind === 'stream') return await sendStream(response, reply);
  if (response.destroyed) return;
  const headers: Record<string, string | number> = { ...reply.headers };
  const text = reply.kind === 'empty' ? '' : reply.text;
  if (reply.kind === 'json') headers['Content-Type'] = 'application/json';
  if (reply.kind === 'text') headers['Content-Type'] ??= 'text/plain; charset=utf-8';
  const bodiless = reply.status === 204 || reply.status === 304;
  if (!bodiless) headers['Content-Length'] = Buffer.byteLength(text);
  response.writeHead(reply.status, headers);
  response.end(bodiless || text === '' ? undefined : text);
}

async function sendStream(
  response: ServerResponse,
  reply: Extract<Reply, { kind: 'stream' }>,
): Promise<void> {
  const begin = () => {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(200, { ...reply.headers, 'Content-Type': reply.contentType });
    response.flushHeaders();
  };
  await reply.run({
    begin,
    get begun() {
      return response.headersSent;
    },
    write: (data) => {
      begin();
      return writeAndDrain(response, data);
    },
  });
  begin();
  response.end();
}

/** Aborts when the connection closes before the answer was complete. */
export function responseSignal(response: ServerResponse): AbortSignal {
  const aborter = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) aborter.abort();
  });
  return aborter.signal;
}
