import { isEngineError } from '../../base/mod.ts';
import type { LogRecord, OutputChunk } from '../../logs/mod.ts';
import type { StdinWriter } from '../../runtime/mod.ts';
import type { Container } from './container.ts';
import type { AttachOptions, AttachSession } from './containers.ts';
import { announce, type ContainersContext } from './context.ts';
import { DetachKeys } from './detach-keys.ts';
import { checkVerb, isRunning } from './life/status.ts';
import { logs } from './logs.ts';

/** Attaches a client to a container's streams, also before it starts. */
export async function attach(
  context: ContainersContext,
  container: Container,
  options: AttachOptions,
): Promise<AttachSession> {
  const { config } = container.record;
  const keys = new DetachKeys(options.detachKeys);
  checkVerb('attach', container);
  const subscription = options.stream ? context.logs.subscribe(container.id) : undefined;
  const input = options.stdin && options.stream && config.OpenStdin ? new Input(container) : undefined;
  announce(context, container, 'attach');
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    subscription?.close();
    input?.clientGone(config.StdinOnce && !config.Tty);
  };
  return {
    tty: config.Tty,
    output: output(context, container, options, subscription, close),
    async write(bytes) {
      if (!open || !input) return;
      const cut = config.Tty ? keys.push(bytes) : { pass: bytes, detached: false };
      if (cut.pass.length > 0) await input.write(cut.pass);
      if (cut.detached) {
        announce(context, container, 'detach');
        close();
      }
    },
    async endInput() {
      if (!open || !input) return;
      if (config.StdinOnce && !config.Tty) await input.end();
      // Compat: an input that others may go on with stays open, and the client that ended its own is let go.
      else close();
    },
    close,
  };
}

async function* output(
  context: ContainersContext,
  container: Container,
  options: AttachOptions,
  subscription: AsyncIterable<OutputChunk> | undefined,
  close: () => void,
): AsyncIterable<OutputChunk> {
  const wanted = (chunk: OutputChunk) => (chunk.stream === 'stdout' ? options.stdout : options.stderr);
  try {
    if (options.logs && (options.stdout || options.stderr)) {
      try {
        for await (const { stream, line } of past(context, container, options)) yield { stream, data: line };
      } catch (error) {
        if (!isEngineError(error, 'unimplemented')) throw error;
        // Compat: the head is out, so that it comes as output.
        yield { stream: 'stdout', data: Buffer.from(`Error attaching: ${error.message}\n`) };
        return;
      }
    }
    for await (const chunk of subscription ?? []) if (wanted(chunk)) yield chunk;
  } finally {
    close();
  }
}

/** What was logged before. `unimplemented` where the driver cannot be read. */
function past(
  context: ContainersContext,
  container: Container,
  { stdout, stderr }: AttachOptions,
): AsyncIterable<LogRecord> {
  const { signal } = new AbortController();
  return logs(context, container, { stdout, stderr, follow: false, signal }).records;
}

/** A client's bytes on their way into the container; they wait for its start. */
class Input {
  readonly #writer: Promise<StdinWriter>;
  /** Of the life that it came in; a later one has another, which is not this client's to end. */
  #own: StdinWriter | undefined;
  #forget: () => void = () => {};

  constructor(container: Container) {
    const running = isRunning(container.status) ? container.stdin : undefined;
    const { promise, resolve } = Promise.withResolvers<StdinWriter>();
    this.#writer = promise;
    const take = (writer: StdinWriter) => {
      this.#own = writer;
      resolve(writer);
    };
    if (running) take(running);
    else {
      container.stdinReady.add(take);
      this.#forget = () => container.stdinReady.delete(take);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const writer = await this.#writer;
    // EPIPE: the program reads no more; Docker drops what still comes.
    await writer.write(bytes).catch(() => {});
  }

  async end(): Promise<void> {
    const writer = await this.#writer;
    await writer.end();
  }

  /** The client hung up: the end of a `StdinOnce` input, if the container has started. */
  clientGone(endsInput: boolean): void {
    this.#forget();
    if (endsInput) this.#own?.end().catch(() => {});
  }
}
