import type { ExecInspect } from '../../spec/docker/mod.ts';
import type { Api, Hijacked } from '../api.ts';

/** Body of `POST /containers/{id}/exec`. */
export interface ExecBody {
  Cmd: string[];
  User?: string;
  Privileged?: boolean;
  Tty?: boolean;
  /** [height, width] of the terminal. */
  ConsoleSize?: [number, number];
  /** For the record: whether it is detached says `start`. */
  Detach?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  DetachKeys?: string;
  Env?: string[];
  WorkingDir?: string;
}

export interface ExecStartBody {
  Tty?: boolean;
  ConsoleSize?: [number, number];
}

/** Calls on execs: processes run in containers beside their first one. */
export class Execs {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Notes what to run in a running container; `start` or `attach` runs it. */
  create(container: string, body: ExecBody): Promise<{ Id: string }> {
    return this.#api.json('POST', `/containers/${encodeURIComponent(container)}/exec`, { body });
  }

  /** Runs it in the background. */
  start(id: string, body: ExecStartBody = {}): Promise<void> {
    return this.#api.json('POST', at(id, 'start'), { body: { ...body, Detach: true } });
  }

  /** Runs it and connects to its streams. What keeps it from running comes as output. */
  attach(id: string, body: ExecStartBody = {}): Promise<Hijacked> {
    return this.#api.hijack('POST', at(id, 'start'), { body: { ...body, Detach: false } });
  }

  /** Sets the size of its terminal, in characters. */
  resize(id: string, size: { h: number; w: number }): Promise<void> {
    return this.#api.json('POST', at(id, 'resize'), { query: size });
  }

  inspect(id: string): Promise<ExecInspect> {
    return this.#api.json('GET', at(id, 'json'));
  }
}

function at(id: string, verb: string): string {
  return `/exec/${encodeURIComponent(id)}/${verb}`;
}
