import type { ContainersContext } from '../context.ts';
import { findActive, findExec } from './active-container.ts';
import { createExec } from './create-exec.ts';
import type { Execs } from './execs.ts';
import { inspectExec } from './inspect-exec.ts';
import { resizeExec } from './resize-exec.ts';
import { startExec } from './start-exec.ts';

/** The exec verbs over one context. */
export function createExecs(context: ContainersContext): Execs {
  return {
    create: (ref, request) => createExec(context, ref, request),
    check: (id) => void findActive(context, id),
    start: (id, options) => startExec(context, id, options),
    resize: (id, height, width) => resizeExec(context, id, height, width),
    inspect: (id) => inspectExec(findExec(context, id)),
  };
}
