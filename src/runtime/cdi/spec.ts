import { integer, list, object, optional, type Shape, text, where } from '../../spec/shape.ts';

/**
 * A file of the Container Device Interface, which says what a container needs for a device. Spec: CDI SPEC.md 1.0; what
 * is not in here has no effect.
 */
const deviceNode = object({
  path: text,
  hostPath: optional(text),
  type: optional(text),
  major: optional(integer(0)),
  minor: optional(integer(0)),
  fileMode: optional(integer(0)),
  permissions: optional(text),
  uid: optional(integer(0)),
  gid: optional(integer(0)),
});
const mount = object({
  hostPath: text,
  containerPath: text,
  type: optional(text),
  options: optional(list(text)),
});
const hook = object({
  hookName: text,
  path: text,
  args: optional(list(text)),
  env: optional(list(text)),
  timeout: optional(integer(0)),
});
const edits = object({
  env: optional(list(text)),
  deviceNodes: optional(list(deviceNode)),
  mounts: optional(list(mount)),
  hooks: optional(list(hook)),
  additionalGids: optional(list(integer(0))),
});
const KIND = /^[A-Za-z][A-Za-z0-9_.-]*\/[A-Za-z][A-Za-z0-9_-]*$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/;
const matching = (what: string, pattern: RegExp): Shape<string> =>
  where(what, (value): value is string => typeof value === 'string' && pattern.test(value));

export const cdiSpec = object({
  cdiVersion: matching('a version of CDI that is known', /^[01]\.\d+\.\d+$/),
  kind: matching('vendor/class', KIND),
  devices: list(object({ name: matching('the name of a device', NAME), containerEdits: optional(edits) })),
  containerEdits: optional(edits),
});

export type CdiSpec = ReturnType<typeof cdiSpec>;
export type CdiEdits = ReturnType<typeof edits>;
