import { EngineError } from '../../base/mod.ts';
import type { RuntimeProcess, RuntimeSpec } from '../../spec/oci/runtime.ts';
import { KeeperFailure } from '../keeper/protocol.ts';
import { RuntimeFailure } from './failure.ts';
import { runcSentence } from './sentences.ts';
import { failureWith, lastMessage } from './translate.ts';

const PREFIX = 'OCI runtime exec failed: exec failed: ';
/** runc says it of a container's first process alone. */
const INIT = 'error during container init: ';

/** An EngineError for whatever an exec failed with; a RuntimeFailure, with its exit code, if the OCI runtime did. */
export function toExecFailure(error: unknown, process: RuntimeProcess | undefined): EngineError {
  if (error instanceof EngineError) return error;
  if (!(error instanceof KeeperFailure)) {
    return new EngineError('internal', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
  const { kind, log, message } = error.failure;
  switch (kind) {
    case 'timeout':
    case 'aborted': {
      const why = kind === 'timeout' ? 'the runtime did not answer in time' : 'the container has ended';
      return new RuntimeFailure(
        kind === 'timeout' ? 'timeout' : 'cancelled',
        `${PREFIX}${why}: unknown`,
        128,
        { cause: error },
      );
    }
    case 'runtime':
      return execFailureOf(lastMessage(log ?? '') ?? message, process, error);
    case 'bad-request':
      // A keeper of before there was exec, which could not become a newer one.
      if (!message.startsWith('no operation')) break;
      return new EngineError('unavailable', `the keeper of this daemon is too old for it: ${message}`, {
        cause: error,
      });
    case 'unknown-container':
    case 'internal':
      break;
  }
  return new EngineError('internal', message, { cause: error });
}

/** From the runtime's own message to Docker's sentence and exit code. */
export function execFailureOf(
  text: string,
  process: RuntimeProcess | undefined,
  cause?: unknown,
): RuntimeFailure {
  // crun takes the empty name for the working directory.
  if (process?.args[0] === '') {
    return failureWith(
      `${PREFIX}unable to start container process: exec: "": executable file not found in $PATH: unknown`,
      cause,
    );
  }
  const spec = process && ({ process, mounts: [] } as unknown as RuntimeSpec);
  const words = text.startsWith('exec failed: ')
    ? text.slice('exec failed: '.length)
    : runcSentence(text, spec).replace(INIT, '');
  return failureWith(`${PREFIX}${words}: unknown`, cause);
}
