import { EngineError } from '../../../base/mod.ts';
import type { RuntimeSeccomp, RuntimeSyscallRule } from '../../../spec/oci/runtime.ts';
import { integer, list, object, optional, ShapeError, shaped, text, where } from '../../../spec/shape.ts';

const filter = object({
  caps: optional(list(text)),
  arches: optional(list(text)),
  minKernel: optional(text),
});
type Filter = ReturnType<typeof filter>;
/** 64 bits: more than integers that a double holds. */
const word = where('a number from 0 on', (value): value is number => typeof value === 'number' && value >= 0);
const argument = object({
  index: where(
    'the index of an argument, 0 to 5',
    (value): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 5,
  ),
  value: word,
  valueTwo: optional(word),
  op: text,
});
const profile = object({
  defaultAction: text,
  defaultErrnoRet: optional(integer(0)),
  architectures: optional(list(text)),
  archMap: optional(list(object({ architecture: text, subArchitectures: optional(list(text)) }))),
  flags: optional(list(text)),
  syscalls: optional(
    list(
      object({
        name: optional(text),
        names: optional(list(text)),
        action: text,
        errnoRet: optional(integer(0)),
        args: optional(list(argument)),
        includes: optional(filter),
        excludes: optional(filter),
      }),
    ),
  ),
});

const ARCHITECTURE_NAMES: Readonly<Record<string, { docker: string; seccomp: string }>> = {
  x64: { docker: 'amd64', seccomp: 'SCMP_ARCH_X86_64' },
  arm64: { docker: 'arm64', seccomp: 'SCMP_ARCH_AARCH64' },
};

export interface ProfileFacts {
  capabilities: readonly string[];
  /** As Node names it: `x64`, `arm64`. */
  architecture: string;
  /** `uname -r`. */
  kernel: string;
}

/**
 * Resolves a profile of the user's (`--security-opt seccomp=<file>`; the client sends the file's content): rules that
 * hang on capabilities, architecture or kernel are taken or left. Throws `invalid`.
 */
export function customSeccomp(json: string, facts: ProfileFacts): RuntimeSeccomp {
  const parsed = parse(json);
  const names = ARCHITECTURE_NAMES[facts.architecture];
  const mapped = parsed.archMap?.find(({ architecture }) => architecture === names?.seccomp);
  const architectures = mapped
    ? [mapped.architecture, ...(mapped.subArchitectures ?? [])]
    : (parsed.architectures ?? []);
  const hasArch = (list: string[]) => names !== undefined && list.includes(names.docker);
  const included = (wanted?: Filter) =>
    (!wanted?.arches?.length || hasArch(wanted.arches)) &&
    (wanted?.caps ?? []).every((cap) => facts.capabilities.includes(cap)) &&
    (!wanted?.minKernel || kernelAtLeast(facts.kernel, wanted.minKernel));
  const excluded = (unwanted?: Filter) =>
    (unwanted?.arches?.length && hasArch(unwanted.arches)) ||
    (unwanted?.caps ?? []).some((cap) => facts.capabilities.includes(cap)) ||
    (unwanted?.minKernel && kernelAtLeast(facts.kernel, unwanted.minKernel));
  return {
    defaultAction: parsed.defaultAction,
    ...(parsed.defaultErrnoRet != null && { defaultErrnoRet: parsed.defaultErrnoRet }),
    ...(architectures.length > 0 && { architectures }),
    ...(parsed.flags?.length && { flags: parsed.flags }),
    syscalls: (parsed.syscalls ?? [])
      .filter((rule) => included(rule.includes) && !excluded(rule.excludes))
      .map(
        (rule): RuntimeSyscallRule => ({
          names: rule.names ?? (rule.name ? [rule.name] : []),
          action: rule.action,
          ...(rule.errnoRet != null && { errnoRet: rule.errnoRet }),
          ...(rule.args?.length && {
            args: rule.args.map(({ index, value, valueTwo, op }) => ({
              index,
              value,
              op,
              ...(valueTwo !== undefined && { valueTwo }),
            })),
          }),
        }),
      ),
  };
}

function parse(json: string): ReturnType<typeof profile> {
  try {
    return shaped(profile, JSON.parse(json));
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof SyntaxError)) throw error;
    throw new EngineError('invalid', `Decoding seccomp profile failed: ${error.message}`, { cause: error });
  }
}

function kernelAtLeast(kernel: string, wanted: string): boolean {
  const [a = 0, b = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [c = 0, d = 0] = wanted.split('.').map((part) => Number.parseInt(part, 10));
  return a > c || (a === c && b >= d);
}
