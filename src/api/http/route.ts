import type { Hijack } from './hijack.ts';
import type { Reply } from './reply.ts';
import type { ApiRequest } from './request.ts';

/** One row of the routing table. */
export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** `:name` matches one segment, `*name` several, as moby's `{name:.*}` does. */
  path: string;
  /** The oldest version that may call it, and the pattern as the refusal spells it. */
  since?: { version: string; pattern: string };
  handle: (request: ApiRequest) => Promise<Reply> | Reply;
}

/** A route that takes the connection over. */
export interface HijackRoute extends Omit<Route, 'handle'> {
  hijack: (request: ApiRequest, connection: Hijack) => Promise<void>;
}

export type AnyRoute = Route | HijackRoute;
