export type EventType = 'container' | 'image' | 'network' | 'volume' | 'daemon' | 'builder' | 'plugin';

/** One record of `GET /events`, newest shape. Spec: Engine API, `EventMessage`. */
export interface EventMessage {
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local' | 'swarm';
  /** Seconds since 1970. */
  time: number;
  /** Nanoseconds since 1970; beyond 2^53, so kept as bigint and written as a plain number. */
  timeNano: bigint;
}
