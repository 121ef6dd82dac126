import { EngineError, type ErrorCode } from '../../base/mod.ts';

/** The OCI runtime could not create or start a container. The message is what Docker has after `failed to create task for container: `. */
export class RuntimeFailure extends EngineError {
  /** The container's exit code then: 127 no such program, 126 it cannot be run, 128 anything else. */
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, exitCode: number, options?: { cause?: unknown }) {
    super(code, message, options);
    this.exitCode = exitCode;
  }
}
