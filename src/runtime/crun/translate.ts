import { EngineError } from '../../base/mod.ts';
import type { RuntimeSpec } from '../../spec/oci/runtime.ts';
import { KeeperFailure } from '../keeper/protocol.ts';
import { RuntimeFailure } from './failure.ts';

const CREATE = 'failed to create shim task: OCI runtime create failed: runc create failed: ';

/** An EngineError for whatever a create or start failed with. */
export function toRuntimeFailure(error: unknown, spec: RuntimeSpec | undefined): EngineError {
  if (error instanceof EngineError) return error;
  if (!(error instanceof KeeperFailure)) {
    return new EngineError('internal', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
  const { kind, log, message } = error.failure;
  if (kind === 'timeout')
    return new RuntimeFailure('timeout', `${CREATE}${message}: unknown`, 128, { cause: error });
  if (kind === 'aborted')
    return new RuntimeFailure('cancelled', `${CREATE}container was removed: unknown`, 128);
  if (kind === 'unknown-container') return new EngineError('not-found', message, { cause: error });
  if (kind !== 'runtime') return new EngineError('internal', message, { cause: error });
  return translate(lastMessage(log ?? '') ?? message, spec);
}

function translate(text: string, _spec: RuntimeSpec | undefined): RuntimeFailure {
  return new RuntimeFailure('internal', text, 128);
}

/** crun and runc write one JSON object a line; the last error counts. */
export function lastMessage(log: string): string | undefined {
  for (const line of log.trimEnd().split('\n').reverse()) {
    try {
      const { msg } = JSON.parse(line) as { msg?: unknown };
      if (typeof msg === 'string' && msg !== '') return msg;
    } catch {
      if (line !== '') return line;
    }
  }
  return undefined;
}
