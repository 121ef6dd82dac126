import type { EngineEvent, Filters } from '../../../client/mod.ts';
import { compileTemplate, type Template } from '../../../spec/go-template/execute.ts';
import { FUNCTIONS } from '../../../spec/go-template/functions.ts';
import { goJson } from '../../../spec/go-template/go-json.ts';
import { type Command, ExitError, NONE } from '../../command.ts';
import { filterFlag } from '../../filter-flag.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { timestamp } from '../../timestamp.ts';

interface Options {
  filter: Flag<Filters>;
  format: Flag<string>;
  since: Flag<string>;
  until: Flag<string>;
}

export const events: Command<Options> = {
  operands: '[OPTIONS]',
  summary: 'Show what happens in the engine, as it happens',
  arity: NONE,
  aliases: ['system events', 'events'],
  flags: (flags) => ({
    filter: filterFlag(flags),
    format: flags.string('format', { usage: "'json' or a Go template" }),
    since: flags.string('since', {
      usage: 'Also what happened since then: a time, or 10m for 10 minutes ago',
    }),
    until: flags.string('until', { usage: 'Up to this time: a time, or 10m for 10 minutes ago' }),
  }),
  async run(cli, { filter, format, since, until }) {
    const template = format.value === '' ? undefined : compile(format.value);
    const now = Date.now();
    const source = cli.engine.system.events({
      since: timestamp(since.value, now),
      until: timestamp(until.value, now),
      filters: filter.value,
    });
    for await (const event of source) {
      const line = template ? render(template, event) : describe(event);
      await cli.stdout.stream(Buffer.from(`${line}\n`));
    }
    return 0;
  },
};

function compile(format: string): Template {
  const source = format === 'json' ? '{{json .}}' : format;
  const missing = (field: string, of: unknown) =>
    of instanceof Fields ? `can't evaluate field ${field} in type *events.Message` : undefined;
  try {
    const template = compileTemplate(source, { missing, functions: { ...FUNCTIONS, json } });
    // Compat: a field that no event has is found before the first one comes.
    template.render(
      fieldsOf({ Type: '', Action: '', Actor: { ID: '', Attributes: {} }, time: 0, timeNano: 0n }),
    );
    return template;
  } catch (error) {
    throw new ExitError(64, `Error parsing format: ${(error as Error).message}`);
  }
}

/** An event as templates see it. Compat: Go's `events.Message`. */
class Fields {
  readonly Status: string;
  readonly ID: string;
  readonly From: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { ID: string; Attributes: Record<string, string> };
  readonly Scope: string;
  readonly Time: number;
  readonly TimeNano: bigint;

  constructor(event: EngineEvent) {
    this.Status = event.status ?? '';
    this.ID = event.id ?? '';
    this.From = event.from ?? '';
    this.Type = event.Type;
    this.Action = event.Action;
    this.Actor = { ID: event.Actor.ID, Attributes: sorted(event.Actor.Attributes ?? {}) };
    this.Scope = event.scope ?? '';
    this.Time = event.time;
    this.TimeNano = event.timeNano;
  }
}

function fieldsOf(event: EngineEvent): Fields {
  return new Fields(event);
}

function render(template: Template, event: EngineEvent): string {
  return template.render(fieldsOf(event));
}

/** Compat: the keys and their order are those of Go's `events.Message`; what is empty is left out. */
function json(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Fields)) return goJson(value, false);
  const { Status, ID, From, Type, Action, Actor, Scope, Time, TimeNano } = value;
  const text = goJson(
    {
      ...(Status ? { status: Status } : {}),
      ...(ID ? { id: ID } : {}),
      ...(From ? { from: From } : {}),
      Type,
      Action,
      Actor,
      ...(Scope ? { scope: Scope } : {}),
      ...(Time ? { time: Time } : {}),
    },
    false,
  );
  return TimeNano ? `${text.slice(0, -1)},"timeNano":${TimeNano}}` : text;
}

/** `2026-11-24T14:00:00.123456789+01:00 container start ID (image=busybox, name=web)` */
function describe({ Type, Action, Actor, time, timeNano }: EngineEvent): string {
  const nanos = timeNano || BigInt(time) * 1_000_000_000n;
  const stamp = nanos === 0n ? '' : `${localTime(nanos)} `;
  const pairs = Object.entries(sorted(Actor.Attributes ?? {})).map(([key, value]) => `${key}=${value}`);
  return `${stamp}${Type} ${Action} ${Actor.ID}${pairs.length > 0 ? ` (${pairs.join(', ')})` : ''}`;
}

/** RFC 3339 in our zone, with all nine digits. */
function localTime(nanos: bigint): string {
  const ms = Number(nanos / 1_000_000n);
  const offset = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, 19);
  const fraction = String(nanos % 1_000_000_000n).padStart(9, '0');
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  const size = Math.abs(offset);
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
  return `${local}.${fraction}${zone}`;
}

function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
