import { EngineClient, type TlsOptions } from '../client/mod.ts';
import type { Output } from './terminal/sink.ts';
import { dialBun } from './transport/dial-bun.ts';

export interface Streams {
  stdout: Output;
  stderr: Output;
}

/** What a command works with: streams, environment, and the engine. */
export class Cli {
  readonly env: Record<string, string | undefined>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly host: string;
  /** The command as it was typed, for messages: `minke container run`. */
  name = 'minke';
  readonly #tls: TlsOptions | undefined;
  #engine: EngineClient | undefined;

  constructor(streams: Streams, env: Record<string, string | undefined>, host: string, tls?: TlsOptions) {
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.env = env;
    this.host = host;
    this.#tls = tls;
  }

  /** The client, made when first asked for. */
  get engine(): EngineClient {
    const apiVersion = this.env['DOCKER_API_VERSION'];
    this.#engine ??= new EngineClient({
      host: this.host,
      dial: dialBun,
      headers: { 'User-Agent': 'Minke-Client/0.1.0 (linux)' },
      ...(this.#tls ? { tls: this.#tls } : {}),
      ...(apiVersion ? { apiVersion } : {}),
    });
    return this.#engine;
  }

  /** Prints one line to stdout. */
  print(line: string): void {
    this.stdout.write(`${line}\n`);
  }

  /** Prints one line to stderr. */
  complain(line: string): void {
    this.stderr.write(`${line}\n`);
  }
}
