import type { Route } from './connections.ts';
import { type Answer, type ExchangeLimits, exchange, type Outgoing } from './exchange.ts';
import { TransportError } from './transport-error.ts';

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows redirects of GET and HEAD. `Authorization` goes to no other host or port, and over no
 * weaker scheme, than the one it was made for; what is fetched there is still checked by its digest.
 */
export async function follow(
  outgoing: Outgoing,
  routeTo: (url: URL) => Route,
  limits: ExchangeLimits,
): Promise<Answer> {
  let current = outgoing;
  for (let hops = 0; ; hops++) {
    const answer = await exchange(current, routeTo(current.url), limits);
    const { location } = answer.headers;
    const safe = current.method === 'GET' || current.method === 'HEAD';
    if (!REDIRECTS.has(answer.status) || location === undefined || !safe) return answer;
    await answer.body.discard();
    const url = URL.parse(location, current.url.href);
    if (!url) throw refuse(current, `failed to parse Location header ${JSON.stringify(location)}`);
    if (!/^https?:$/.test(url.protocol)) {
      throw refuse({ ...current, url }, `unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
    }
    if (hops >= MAX_REDIRECTS) throw refuse(current, `stopped after ${MAX_REDIRECTS} redirects`);
    url.username = '';
    url.password = '';
    const { authorization, ...anonymous } = current.headers;
    const headers = url.origin === outgoing.url.origin ? current.headers : anonymous;
    current = { ...current, url, headers };
  }
}

function refuse({ method, url }: Outgoing, reason: string): TransportError {
  return new TransportError(method, url, 'protocol', reason);
}
