import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '../../base/mod.ts';
import type { Trust } from './certificates.ts';
import { proxyAuthorization } from './proxies.ts';

/** What Node gives `createConnection`: the request's options and the agent's, joined. */
interface Target {
  host?: string;
  port?: number | string;
}

type Ready = (error: Error | null, socket?: Socket) => void;

const CONNECT_MS = 15_000;

/** A proxy that could not be reached, or that refused. The sentence is the one Go's HTTP client has. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
}

/**
 * Agents whose connections go through `proxy`: `plain` to the proxy itself (the request then names its whole URL),
 * `secure` through a tunnel that CONNECT opens, with TLS to the peer in it.
 */
export function proxiedAgents(
  proxy: URL,
  options: AgentOptions,
  trust: Trust,
): { plain: HttpAgent; secure: HttpsAgent } {
  const plain = new HttpAgent(options);
  const secure = new HttpsAgent(options);
  override(plain, (_target, ready) => dial(proxy, trust, ready));
  override(secure, (target, ready) => {
    openTunnel(proxy, trust, target, (error, socket) => {
      if (!socket) {
        ready(error);
        return;
      }
      const { host = '' } = target;
      const name = isIP(host) === 0 ? { servername: host } : {};
      // `host` is what the certificate is checked against; the socket is there already.
      const inner = connectTls({ ...options, ...name, host, socket });
      inner.once('secureConnect', () => ready(null, inner));
      inner.once('error', ready);
    });
  });
  return { plain, secure };
}

/** Node's types want a socket back at once; a callback is just as good. */
function override(agent: HttpAgent, create: (target: Target, ready: Ready) => void): void {
  Object.assign(agent, { createConnection: create });
}

function dial(proxy: URL, trust: Trust, ready: Ready): void {
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  const port = Number(proxy.port) || (proxy.protocol === 'https:' ? 443 : 80);
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket =
    proxy.protocol === 'https:' ? connectTls({ ...trust, ...name, host, port }) : connect({ host, port });
  const failed = (error: Error) =>
    ready(new ProxyError(`proxyconnect tcp: ${reasonOf(error, host, port)}`, { cause: error }));
  socket.once('error', failed);
  socket.once(proxy.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
    socket.off('error', failed);
    ready(null, socket);
  });
}

function openTunnel(proxy: URL, trust: Trust, target: Target, ready: Ready): void {
  const { host = '', port = 443 } = target;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send({
    ...trust,
    agent: false,
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
  });
  request.setTimeout(CONNECT_MS, () => request.destroy(new ProxyError('proxyconnect tcp: i/o timeout')));
  request.once('connect', (answer, socket) => {
    request.setTimeout(0);
    if (answer.statusCode === 200) {
      ready(null, socket);
      return;
    }
    socket.destroy();
    ready(new ProxyError(answer.statusMessage || `proxy answered ${answer.statusCode}`));
  });
  request.once('error', (error) => {
    const reason =
      error instanceof ProxyError
        ? error.message
        : `proxyconnect tcp: ${reasonOf(error, proxy.hostname, Number(proxy.port) || 80)}`;
    ready(new ProxyError(reason, { cause: error }));
  });
  request.end();
}

function reasonOf(error: Error, host: string, port: number): string {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  return syscall === 'connect' ? `dial tcp ${host}:${port}: ${messageOf(error)}` : messageOf(error);
}
