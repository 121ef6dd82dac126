import { type Answer, CLASS_IN, type Query, RCODE, TYPE } from './message.ts';
import type { SandboxView, Upstream } from './protocol.ts';
import type { Zone } from './zone.ts';

/** Seconds for which an answer may be kept. Compat: libnetwork `respTTL`. */
const TTL = 600;

/** Compat: libnetwork `maxExtDNS`. */
const MAX_UPSTREAMS = 3;

export interface Reply {
  rcode: number;
  answers: readonly Answer[];
  ttl: number;
}

const reply = (rcode: number, answers: readonly Answer[] = []): Reply => ({ rcode, answers, ttl: TTL });

/** The answer to a query of one sandbox, or whom to ask. */
export function decide(zone: Zone, view: SandboxView, query: Query): Reply | { ask: readonly Upstream[] } {
  if (query.edns && query.edns.version > 0) return reply(RCODE.VERSION);
  const local = query.class === CLASS_IN ? answerOf(zone, view, query) : undefined;
  if (local) return local;
  // Compat: who chose ndots gets no answer for a bare name, so that the client goes on with the search domains.
  const bare = query.name !== undefined && !query.name.includes('.');
  if (view.ndotsSet && bare && (query.type === TYPE.A || query.type === TYPE.AAAA)) return reply(RCODE.OK);
  // Compat: a server that was asked for (`--dns`) is asked from inside, where an internal network ends; one of the
  // host's would be a way out.
  const ask = view.upstreams
    .slice(0, MAX_UPSTREAMS)
    .filter((upstream) => view.reachesOutside || !upstream.fromHost);
  return ask.length > 0 ? { ask } : reply(RCODE.FAILURE);
}

function answerOf(zone: Zone, view: SandboxView, { name, type }: Query): Reply | undefined {
  if (name === undefined) return undefined;
  if (type === TYPE.PTR) {
    const full = zone.findAddress(view, name);
    return full === undefined ? undefined : reply(RCODE.OK, [{ type, name: full }]);
  }
  const found = zone.find(view, name);
  if (!found) return undefined;
  // Compat: a name that is known, but not with such an address, has none: nobody else is asked. Docker passes on what
  // is neither A, AAAA nor MX, and the world learns the name, and says that it does not exist.
  const addresses = type === TYPE.A ? found.ipv4 : type === TYPE.AAAA ? found.ipv6 : [];
  const kind = type === TYPE.AAAA ? TYPE.AAAA : TYPE.A;
  return reply(
    RCODE.OK,
    shuffled(addresses).map((address) => ({ type: kind, address })),
  );
}

/** In an order of chance, so that who takes the first one spreads its load. Compat: libnetwork `shuffleAddr`. */
function shuffled<T>(list: T[]): T[] {
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    const kept = list[index] as T;
    list[index] = list[other] as T;
    list[other] = kept;
  }
  return list;
}
