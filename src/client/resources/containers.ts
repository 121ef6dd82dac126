import type {
  ContainerConfig,
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  HostConfig,
  NetworkingConfig,
  PortMap,
  Resources,
  RestartPolicy,
} from '../../spec/docker/mod.ts';
import type { Api, Hijacked } from '../api.ts';
import { type Filters, filtersQuery } from '../filters.ts';
import { jsonRecords } from '../json-stream.ts';

/** Body of `POST /containers/create`; what is left out has the engine's default. */
export type CreateBody = Partial<ContainerConfig> & {
  HostConfig?: Partial<HostConfig>;
  NetworkingConfig?: NetworkingConfig;
};

export type UpdateBody = Partial<Resources> & {
  RestartPolicy?: Partial<RestartPolicy>;
  /** Of Minke alone: published ports that come and go; a binding `{ HostIp: '', HostPort: '' }` removes all of a port. */
  Minke?: { PublishAdd?: PortMap; PublishRemove?: PortMap };
};

export interface AttachOptions {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** Also what was said before. */
  logs?: boolean;
  detachKeys?: string;
  signal?: AbortSignal;
}

export interface LogsOptions {
  follow?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  /** Seconds since 1970, fractions allowed. */
  since?: string;
  until?: string;
  timestamps?: boolean;
  /** A number of lines, or `all`. */
  tail?: string;
  details?: boolean;
  signal?: AbortSignal;
}

export interface ListContainersOptions {
  all?: boolean;
  limit?: number;
  size?: boolean;
  filters?: Filters;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  StatusCode: number;
  Error?: { Message: string } | null;
}

/** What `top` answers: a title line and one row a process. */
export interface TopResult {
  Titles: string[];
  Processes: string[][];
}

/** Calls on containers; `id` is an id, a unique prefix of one, or a name. */
export class Containers {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Makes a container; `Warnings` are for people. */
  create(
    body: CreateBody,
    options: { name?: string; platform?: string } = {},
  ): Promise<{ Id: string; Warnings: string[] | null }> {
    return this.#api.json('POST', '/containers/create', { query: { ...options }, body });
  }

  start(id: string, options: { detachKeys?: string } = {}): Promise<void> {
    return this.#post(id, 'start', { ...options });
  }

  /** `timeout` in seconds until SIGKILL; without it the container's own. */
  stop(id: string, options: { timeout?: number; signal?: string } = {}): Promise<void> {
    return this.#post(id, 'stop', { t: options.timeout, signal: options.signal });
  }

  restart(id: string, options: { timeout?: number; signal?: string } = {}): Promise<void> {
    return this.#post(id, 'restart', { t: options.timeout, signal: options.signal });
  }

  kill(id: string, signal?: string): Promise<void> {
    return this.#post(id, 'kill', { signal });
  }

  pause(id: string): Promise<void> {
    return this.#post(id, 'pause');
  }

  unpause(id: string): Promise<void> {
    return this.#post(id, 'unpause');
  }

  rename(id: string, name: string): Promise<void> {
    return this.#post(id, 'rename', { name });
  }

  /** Changes limits, the restart policy and published ports; what is left out, 0 or empty stays as it is. */
  update(id: string, change: UpdateBody): Promise<{ Warnings: string[] | null }> {
    return this.#api.json('POST', at(id, 'update'), { body: change });
  }

  /** Sets the size of the container's terminal, in characters. */
  resize(id: string, size: { h: number; w: number }): Promise<void> {
    return this.#post(id, 'resize', size);
  }

  remove(id: string, options: { force?: boolean; volumes?: boolean; link?: boolean } = {}): Promise<void> {
    const { force, volumes, link } = options;
    return this.#api.json('DELETE', at(id), { query: { force, v: volumes, link } });
  }

  list(options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
    const { filters, ...query } = options;
    return this.#api.json('GET', '/containers/json', { query: { ...query, filters: filtersQuery(filters) } });
  }

  inspect(id: string, options: { size?: boolean } = {}): Promise<ContainerInspect> {
    return this.#api.json('GET', at(id, 'json'), { query: { ...options } });
  }

  /** Removes containers that do not run. */
  prune(filters?: Filters): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
    return this.#api.json('POST', '/containers/prune', { query: { filters: filtersQuery(filters) } });
  }

  /** The inspect answer as the engine wrote it. */
  inspectText(id: string, options: { size?: boolean } = {}): Promise<string> {
    return this.#api.text('GET', at(id, 'json'), { query: { ...options } });
  }

  /** `psArgs` are arguments for `ps`. */
  top(id: string, psArgs?: string): Promise<TopResult> {
    return this.#api.json('GET', at(id, 'top'), { query: { ps_args: psArgs } });
  }

  /**
   * What it uses: a sample a second with `stream`, else one; that one alone, with nothing to compare it with, with
   * `oneShot`. Rejects before the first sample where there is no such container.
   */
  async stats(
    id: string,
    options: { stream?: boolean; oneShot?: boolean; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<ContainerStats>> {
    const { stream, oneShot, signal } = options;
    const query = { stream: stream ? '1' : '0', 'one-shot': oneShot };
    const answer = await this.#api.request('GET', at(id, 'stats'), { query, ...(signal ? { signal } : {}) });
    return jsonRecords<ContainerStats>(answer.body);
  }

  /** Paths that differ from the image: Kind 0 changed, 1 added, 2 deleted. */
  changes(id: string): Promise<{ Path: string; Kind: number }[] | null> {
    return this.#api.json('GET', at(id, 'changes'));
  }

  /** Connects to the container's streams. Attach before `start` to miss nothing. */
  attach(id: string, options: AttachOptions): Promise<Hijacked> {
    const { signal, ...query } = options;
    return this.#api.hijack('POST', at(id, 'attach'), {
      query: { ...query, stream: true },
      ...(signal ? { signal } : {}),
    });
  }

  /** Output kept by the logging driver, framed unless the container has a terminal. */
  async logs(id: string, options: LogsOptions): Promise<AsyncIterable<Uint8Array>> {
    const { signal, ...query } = options;
    const answer = await this.#api.request('GET', at(id, 'logs'), { query, ...(signal ? { signal } : {}) });
    return answer.body;
  }

  /**
   * Waits for the container. The outer promise resolves once the engine is watching, so that a `start` after it
   * cannot be missed; `result` is the exit.
   */
  async wait(
    id: string,
    condition?: WaitCondition,
    options: { signal?: AbortSignal } = {},
  ): Promise<{ result: Promise<WaitResult> }> {
    const answer = await this.#api.request('POST', at(id, 'wait'), { query: { condition }, ...options });
    return { result: readWait(answer.body) };
  }

  #post(id: string, verb: string, query: Record<string, string | number | undefined> = {}): Promise<void> {
    return this.#api.json('POST', at(id, verb), { query });
  }
}

async function readWait(body: AsyncIterable<Uint8Array>): Promise<WaitResult> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return JSON.parse(text) as WaitResult;
}

function at(id: string, verb?: string): string {
  return `/containers/${encodeURIComponent(id)}${verb ? `/${verb}` : ''}`;
}
