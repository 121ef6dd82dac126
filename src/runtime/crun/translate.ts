import { EngineError } from '../../base/mod.ts';
import type { RuntimeSpec } from '../../spec/oci/runtime.ts';
import { KeeperFailure } from '../keeper/protocol.ts';
import { RuntimeFailure } from './failure.ts';
import { runcSentence } from './sentences.ts';

const PREFIX = 'failed to create shim task: OCI runtime create failed: ';
const RUNC_PREFIX = 'runc create failed: ';
/** Compat: appended by dockerd itself (daemon/start.go). */
const WRONG_KIND =
  ': Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type';

/** An EngineError for whatever a create or start failed with; a RuntimeFailure if the OCI runtime did. */
export function toRuntimeFailure(error: unknown, spec: RuntimeSpec | undefined): EngineError {
  if (error instanceof EngineError) return error;
  if (!(error instanceof KeeperFailure)) {
    const message = error instanceof Error ? error.message : String(error);
    return new EngineError('internal', message, { cause: error });
  }
  const { kind, log, message } = error.failure;
  const failed = (code: 'timeout' | 'cancelled', why: string) =>
    new RuntimeFailure(code, `${PREFIX}${RUNC_PREFIX}${why}: unknown`, 128, { cause: error });
  switch (kind) {
    case 'timeout':
      return failed('timeout', `the runtime did not answer in time: ${message}`);
    case 'aborted':
      return failed('cancelled', 'the container was removed');
    case 'runtime':
      return failureOf(lastMessage(log ?? '') ?? message, spec, error);
    case 'unknown-container':
      return new EngineError('not-found', message, { cause: error });
    case 'bad-request':
    case 'internal':
      return new EngineError('internal', message, { cause: error });
  }
}

/** From the runtime's own message to Docker's sentence, error code and exit code. */
export function failureOf(text: string, spec: RuntimeSpec | undefined, cause?: unknown): RuntimeFailure {
  const sentence = text.startsWith(RUNC_PREFIX) ? text : `${RUNC_PREFIX}${runcSentence(text, spec)}`;
  return failureWith(`${PREFIX}${sentence}: unknown`, cause);
}

/** The exit code that a sentence of the OCI runtime means. Compat: moby daemon/start.go, setExitCodeFromError. */
export function failureWith(message: string, cause?: unknown): RuntimeFailure {
  if (/executable file not found|no such file or directory/.test(message)) {
    return new RuntimeFailure('invalid', message, 127, { cause });
  }
  if (/permission denied|is a directory/.test(message))
    return new RuntimeFailure('invalid', message, 126, { cause });
  if (message.includes('not a directory'))
    return new RuntimeFailure('invalid', message + WRONG_KIND, 127, { cause });
  return new RuntimeFailure('internal', message, 128, { cause });
}

/** The last error in a log: a line each, runc's as JSON, crun's after the time. */
export function lastMessage(log: string): string | undefined {
  const last = log.trimEnd().split('\n').at(-1) ?? '';
  if (last === '') return undefined;
  try {
    const { msg } = JSON.parse(last) as { msg?: unknown };
    if (typeof msg === 'string') return msg;
  } catch {
    // crun's.
  }
  return last.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z: /, '');
}
