import { EngineError, messageOf } from '../../../base/mod.ts';
import { RuntimeFailure } from '../../../runtime/mod.ts';

/** 126 or 127 where the runtime says so, else 128. Compat: moby `setExitCodeFromError`. */
export function exitCodeOfFailure(error: unknown): number {
  const code = (error as { exitCode?: unknown } | null)?.exitCode;
  return typeof code === 'number' ? code : 128;
}

/**
 * The error as the API shows it. Compat: moby answers 400 where the command cannot be run (126, 127), so that the
 * CLI takes its own exit code from the sentence.
 */
export function startFailure(error: unknown): unknown {
  const code = exitCodeOfFailure(error);
  if (code !== 126 && code !== 127) return error;
  return new EngineError('invalid', messageOf(error), { cause: error });
}

/** What the runtime said at the creation, after the words that Docker puts before it. */
export function inTask(error: unknown): unknown {
  if (!(error instanceof RuntimeFailure)) return error;
  const message = `failed to create task for container: ${error.message}`;
  return new RuntimeFailure(error.code, message, error.exitCode, { cause: error });
}
